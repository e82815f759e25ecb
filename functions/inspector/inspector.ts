import { randomUUID } from 'node:crypto';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Meter, meteredClients } from '../aws/metered-clients.ts';
import { createSchedulerQueue } from '../aws/scheduler-queue.ts';
import { createTableReads } from '../aws/table-reads.ts';
import { createWriter, type EngineTraits } from '../aws/write-changes.ts';
import type { Stores } from '../copy-segment/stores.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import { createTimeBudget } from '../pass/time-budget.ts';
import { createExpectation } from './act/expectation.ts';
import { createMarkBreaker } from './act/mark-breaker.ts';
import { dryRun } from './dry-run.ts';
import { inspect } from './inspect.ts';
import { createJobLookup } from './job-lookup.ts';
import { observed } from './observed.ts';
import type { Pass, Stopped } from './pass.ts';
import type { PassRequest } from './pass-event.ts';
import type { PassRun } from './pass-run.ts';
import { recover } from './recover.ts';
import type { PassReport } from './report/pass-report.ts';
import { createTally } from './report/tally.ts';

/** What a pass holds in memory at once, whatever is due. */
const WINDOW_SIZE = 10_000;

/** What every pass of an inspector has in common, whatever its stores are. */
export interface PassConfig {
  /** How many partitions of the `due` index a pass asks. */
  readonly shards: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly windowSize?: number;
  /** How long an inspection may work on tasks, in milliseconds: the schedule's interval. */
  readonly inspectMs?: number;
}

export interface InspectorConfig extends PassConfig {
  readonly dynamo: DynamoDBDocumentClient;
  readonly sqs: SQSClient;
  readonly tables: TableNames;
  readonly queueUrl: string;
}

/** The stores of one pass: what they ask is counted, and ended when the pass is. */
export type StoresOfPass = (meter: Meter, signal: AbortSignal) => Stores;

/** Makes one inspection pass. */
export type Inspector = (request: PassRequest, run?: PassRun) => Promise<PassReport>;

/** An inspector on DynamoDB and SQS. */
export function createInspector(config: InspectorConfig): Inspector {
  const { tables, queueUrl, now = Date.now } = config;
  const engine: EngineTraits = { takesSeveralRemoves: true };
  return inspectorOver((meter, signal) => {
    const clients = meteredClients(config, meter, signal);
    return {
      ...createTableReads(clients, tables),
      write: createWriter(clients, tables, engine),
      queue: createSchedulerQueue(clients, queueUrl, now),
    };
  }, config);
}

/** An inspector on any stores. */
export function inspectorOver(storesOf: StoresOfPass, config: PassConfig): Inspector {
  const now = config.now ?? Date.now;

  return async (request, run = {}) => {
    const startedAt = now();
    const passId = run.passId ?? randomUUID();
    const tally = createTally();
    const time = createTimeBudget({
      remainingMs: run.remainingMs ?? (() => Number.POSITIVE_INFINITY),
      cutOff: run.signal,
      inspectMs: config.inspectMs,
      now,
    });
    const all = storesOf(tally.meter, time.signal);
    const stores = observed(request.dryRun ? dryRun(all) : all, run);

    const pass: Pass = {
      ...stores,
      request,
      startedAt,
      now,
      time,
      tally,
      onVerdict: run.onVerdict ?? (() => {}),
      lookUpJobs: createJobLookup({ jobs: stores.jobs, tally, now }),
      markBreaker: createMarkBreaker(),
      expectation: createExpectation(),
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
    if (!pass.time.wasCutOff()) throw error;
    return {};
  }
}
