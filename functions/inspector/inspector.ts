import { randomUUID } from 'node:crypto';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type AwsClients, meteredClients } from '../aws/metered-clients.ts';
import { createSchedulerQueue } from '../aws/scheduler-queue.ts';
import { createTableReads } from '../aws/table-reads.ts';
import { createWriter, type EngineTraits } from '../aws/write-changes.ts';
import type { Change } from '../copy-segment/change.ts';
import type { Stores, WriteOutcome } from '../copy-segment/stores.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import type { TaskMessage } from '../copy-segment/task-message.ts';
import { createMarkBreaker } from './act/mark-breaker.ts';
import { dryRun } from './dry-run.ts';
import { inspect } from './inspect.ts';
import { observed } from './observed.ts';
import type { ObservedVerdict, Pass, Stopped } from './pass.ts';
import type { PassRequest } from './pass-event.ts';
import { recover } from './recover.ts';
import type { PassReport, ProblemGroup } from './report/pass-report.ts';
import { createTally } from './report/tally.ts';
import { createTimeBudget, RESERVE_MS } from './time-budget.ts';

/** What a pass holds in memory at once, whatever is due. */
const WINDOW_SIZE = 10_000;

export interface InspectorConfig {
  readonly dynamo: DynamoDBDocumentClient;
  readonly sqs: SQSClient;
  readonly tables: TableNames;
  readonly queueUrl: string;
  /** How many partitions of the `due` index a pass asks. */
  readonly shards: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly windowSize?: number;
  /** How long an inspection may work on tasks, in milliseconds: the schedule's interval. */
  readonly inspectMs?: number;
}

/** What surrounds one pass. */
export interface PassRun {
  readonly passId?: string;
  /** Milliseconds until the pass is ended from outside. */
  readonly remainingMs?: () => number;
  /** Ends the pass at once, as a crash would; its report says that it is not complete. */
  readonly signal?: AbortSignal;
  readonly onVerdict?: (verdict: ObservedVerdict) => void;
  /** Called with every change as it ended; in a dry run with every change that would be made. */
  readonly onChange?: (change: Change, outcome: WriteOutcome) => void;
  /** Called with every message that SQS accepted; in a dry run with every message that would be sent. */
  readonly onMessage?: (message: TaskMessage) => void;
  /** Called with what the pass had done when it failed. */
  readonly onError?: (report: PassReport) => void;
  /** Called at the end with the problems that the report has no room for. */
  readonly onOmittedProblems?: (groups: readonly ProblemGroup[]) => void;
}

/** Makes one inspection pass. */
export type Inspector = (request: PassRequest, run?: PassRun) => Promise<PassReport>;

export function createInspector(config: InspectorConfig): Inspector {
  const now = config.now ?? Date.now;
  const engine: EngineTraits = { takesSeveralRemoves: true };

  return async (request, run = {}) => {
    const startedAt = now();
    const passId = run.passId ?? randomUUID();
    const tally = createTally();
    const time = createTimeBudget(run.remainingMs ?? (() => Number.POSITIVE_INFINITY), run.signal);
    const stores = createStores(config, meteredClients(config, tally.meter, time.signal), engine, now);

    const pass: Pass = {
      ...observed(request.dryRun ? dryRun(stores) : stores, run),
      request,
      startedAt,
      now,
      time,
      tasksUntil: startedAt + (config.inspectMs ?? Number.POSITIVE_INFINITY) - RESERVE_MS,
      tally,
      onVerdict: run.onVerdict ?? (() => {}),
      markBreaker: createMarkBreaker(),
      shards: config.shards,
      windowSize: config.windowSize ?? WINDOW_SIZE,
    };

    const report = (stopped: Stopped): PassReport =>
      tally.report(request, { passId, startedAt, endedAt: now(), ...(stopped && { stopped }) });
    try {
      return report(await untilCutOff(pass));
    } catch (error) {
      run.onError?.(report({}));
      throw error;
    } finally {
      time.end();
      const omitted = tally.omitted();
      if (omitted.length > 0) run.onOmittedProblems?.(omitted);
    }
  };
}

/** A request that outlasted the pass ends it like a stop in good time: what was under way is done again. */
async function untilCutOff(pass: Pass): Promise<Stopped> {
  try {
    return await (pass.request.mode === 'recover' ? recover(pass) : inspect(pass));
  } catch (error) {
    if (!pass.time.signal.aborted) throw error;
    return {};
  }
}

const createStores = (
  { tables, queueUrl }: InspectorConfig,
  clients: AwsClients,
  engine: EngineTraits,
  now: () => number,
): Stores => ({
  ...createTableReads(clients, tables),
  write: createWriter(clients, tables, engine),
  queue: createSchedulerQueue(clients, queueUrl, now),
});
