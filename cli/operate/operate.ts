import { createTableReads } from '../../functions/aws/table-reads.ts';
import { createWriter } from '../../functions/aws/write-changes.ts';
import { recorded } from '../action-log/recorded.ts';
import { type CommandCall, type CommandEnd, EXIT, refusalOf } from '../commands/command.ts';
import { pauseWarning } from '../schedule/pause-warning.ts';
import { countOf } from '../terminal/count-of.ts';
import type { Screen } from '../terminal/screen.ts';
import { shellLine } from '../terminal/shell-line.ts';
import { wrapped } from '../terminal/wrapped.ts';
import { carryOutPlan, type PlanOutcome } from './carry-out-plan.ts';
import type { Plan } from './plan.ts';
import { planAsJson, planLines } from './show-plan.ts';

export interface OperateOptions {
  readonly yes?: true;
  readonly who?: string;
}

export type OperateCall<O = unknown> = CommandCall<OperateOptions & O>;

/** The tables of a command's deployment. */
export const readsOf = ({ connection, signal }: Pick<CommandCall<unknown>, 'connection' | 'signal'>) =>
  createTableReads({ dynamo: connection.dynamo, signal }, connection.tables);

/** When a command acts, and on what. */
export const circumstancesOf = ({ connection, now }: Pick<CommandCall<unknown>, 'connection' | 'now'>) => ({
  now: now(),
  shards: connection.shards,
});

/**
 * Shows what a plan changes, asks, and changes it.
 *
 * @param what for the question and the answer: "Release task 1/2", "Task 1/2 is released"
 */
export async function operate(
  call: OperateCall,
  plan: Plan,
  what: { readonly question: string; readonly done: string },
): Promise<CommandEnd> {
  const { connection, options, out, signal, commandFor } = call;
  if (plan.kind !== 'planned') {
    const instead = plan.instead && shellLine(commandFor(...plan.instead));
    return {
      code: plan.kind === 'nothing' ? EXIT.ok : EXIT.wrong,
      json: { outcome: plan.kind, reason: plan.reason, ...(instead && { instead }) },
      text: ({ width }) =>
        [wrapped(plan.reason, width), ...(instead === undefined ? [] : [`  ${instead}`])].join('\n'),
    };
  }

  const isJson = options.json === true;
  const changes = planAsJson(plan);
  if (!isJson) await out.write(`${planLines(plan, out.screen).join('\n')}\n`);
  const refusal = await refusalOf(call, `${what.question}?`, { changes });
  if (refusal) return refusal;

  const write = createWriter({ dynamo: connection.dynamo, signal }, connection.tables, {
    takesSeveralRemoves: true,
  });
  const outcome = await carryOutPlan(plan, recorded(write, call.actionLog.ofRun()));
  const { kind, ...counts } = outcome;
  const warning = kind === 'done' ? await pauseWarning(connection) : undefined;
  const next = warning === undefined ? plan.next : `${plan.next} ${warning}`;
  return {
    code: CODES[kind],
    json: { outcome: kind, ...counts, changes, ...(kind === 'done' && { next }) },
    text: ({ width }: Screen) => wrapped(describeOutcome(outcome, what.done, next), width),
  };
}

const CODES = { done: EXIT.ok, movedOn: EXIT.wrong, failed: EXIT.aws } as const;

function describeOutcome(outcome: PlanOutcome, done: string, next: string): string {
  switch (outcome.kind) {
    case 'done': {
      const left =
        outcome.movedOn === 0
          ? ''
          : ` ${countOf(outcome.movedOn, 'item')} changed meanwhile, and were left alone.`;
      return `${done}.${left} ${next}`;
    }
    case 'movedOn':
      return `Nothing was changed: ${outcome.reason}. Look again.`;
    case 'failed':
      return outcome.changed === 0
        ? `Nothing is known to have changed: ${outcome.reason}`
        : `${countOf(outcome.changed, 'item')} changed, then: ${outcome.reason}`;
  }
}
