import { randomUUID } from 'node:crypto';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type AwsClients, meteredClients } from '../aws/metered-clients.ts';
import { createSchedulerQueue } from '../aws/scheduler-queue.ts';
import { createTableReads } from '../aws/table-reads.ts';
import { createWriter, type EngineTraits } from '../aws/write-changes.ts';
import type { Stores } from '../copy-segment/stores.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import { createTimeBudget, RESERVE_MS } from '../pass/time-budget.ts';
import { createMarkBreaker } from './act/mark-breaker.ts';
import { dryRun } from './dry-run.ts';
import { inspect } from './inspect.ts';
import { observed } from './observed.ts';
import type { Pass, Stopped } from './pass.ts';
import type { PassRequest } from './pass-event.ts';
import type { PassRun } from './pass-run.ts';
import { recover } from './recover.ts';
import type { PassReport } from './report/pass-report.ts';
import { createTally } from './report/tally.ts';

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
