import { randomUUID } from 'node:crypto';
import { parseCheckEvent } from '../../functions/checker/check-event.ts';
import { createChecker } from '../../functions/checker/checker.ts';
import type { CheckReport } from '../../functions/checker/report/check-report.ts';
import { createInspector } from '../../functions/inspector/inspector.ts';
import { parsePassEvent } from '../../functions/inspector/pass-event.ts';
import type { PassReport } from '../../functions/inspector/report/pass-report.ts';
import type { CommandCall } from '../commands/command.ts';
import { UserError } from '../user-error.ts';
import { invokeFunction } from './invoke-function.ts';
import { createPlannedActions, type PlannedAction } from './planned-actions.ts';

/** Makes one pass: the event is the function's. */
export type MakePass<R> = (event: object, watch?: Watch) => Promise<R>;

/** What may be seen of a pass in this process while it runs. */
export interface Watch {
  /** A verdict on a task was reached. */
  readonly onTask?: () => void;
  /** Of a dry run. */
  readonly onAction?: (action: PlannedAction) => void;
}

/** Where passes are made, and on what. */
export type PassCall = Pick<CommandCall<unknown>, 'connection' | 'signal' | 'now' | 'actionLog'>;

/** Passes of the deployed inspector. Whoever waits sees nothing of them but their report. */
export async function deployedInspector({ connection, signal }: PassCall): Promise<MakePass<PassReport>> {
  const name = functionName(connection.inspector.functionName, 'inspector', '--inspector-function');
  const client = await connection.aws.lambda();
  return (event) => invokeFunction(client, name, event, signal);
}

/** Checks of the deployed checker. */
export async function deployedChecker({ connection, signal }: PassCall): Promise<MakePass<CheckReport>> {
  const name = functionName(connection.checker.functionName, 'checker', '--checker-function');
  const client = await connection.aws.lambda();
  return (event) => invokeFunction(client, name, event, signal);
}

/** Passes in this process: with its rights, without a time limit. */
export function localInspector({ connection, signal, now, actionLog }: PassCall): MakePass<PassReport> {
  const { dynamo, sqs, tables, shards, queueUrl, maxDrops } = connection;
  return (event, watch = {}) => {
    const request = parsePassEvent(event);
    if (queueUrl === undefined && !request.dryRun)
      throw new UserError('Which queue? Name the stack (--stack NAME), or its queue (--queue-url URL).');
    const inspector = createInspector({
      ...{ dynamo, sqs, tables, shards, queueUrl: queueUrl ?? '', now },
      ...(maxDrops !== undefined && { maxDrops }),
    });
    const { onVerdict, onChange, onMessage } = createPlannedActions(watch.onAction ?? (() => {}));
    const passId = randomUUID();
    const record = actionLog.ofRun(passId);
    return inspector(request, {
      passId,
      signal,
      onVerdict(verdict) {
        if (verdict.taskId !== undefined) watch.onTask?.();
        onVerdict(verdict);
      },
      onChange(change, { kind }) {
        onChange(change);
        if (!request.dryRun) record(change, kind);
      },
      onMessage,
    });
  };
}

/** Checks in this process. */
export function localChecker({ connection, signal, now, actionLog }: PassCall): MakePass<CheckReport> {
  const { dynamo, tables, shards } = connection;
  const checker = createChecker({ dynamo, tables, shards, now });
  return (event, watch = {}) => {
    const { onVerdict, onChange } = createPlannedActions(watch.onAction ?? (() => {}));
    const request = parseCheckEvent(event);
    const passId = randomUUID();
    const record = actionLog.ofRun(passId);
    return checker(request, {
      passId,
      signal,
      onVerdict,
      onChange(change, end) {
        onChange(change);
        if (!request.dryRun) record(change, end);
      },
    });
  };
}

function functionName(name: string | undefined, what: string, flag: string): string {
  if (name !== undefined) return name;
  throw new UserError(
    `Which ${what}? Name the stack (--stack NAME), or its function (${flag} NAME),\nor make the pass in this process (--local).`,
  );
}
