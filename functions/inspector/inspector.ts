import { randomUUID } from 'node:crypto';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Meter, meteredClients } from '../aws/metered-clients.ts';
import { createSchedulerQueue } from '../aws/scheduler-queue.ts';
import { createTableReads } from '../aws/table-reads.ts';
import { createWriter, type EngineTraits } from '../aws/write-changes.ts';
import type { DueJob, Stores } from '../copy-segment/stores.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import { notingDue } from '../pass/oldest.ts';
import { createTimeBudget } from '../pass/time-budget.ts';
import { createExpectation } from './act/expectation.ts';
import { createMarkBreaker } from './act/mark-breaker.ts';
import { createSendPace } from './act/send-pace.ts';
import { createDropAllowance } from './drop-allowance.ts';
import { createDropGuard, DEFAULT_MAX_DROPS } from './drop-guard.ts';
import { dryRun } from './dry-run.ts';
import { inspect } from './inspect.ts';
import { createJobLookup } from './job-lookup.ts';
import { observed } from './observed.ts';
import type { Pass, Stopped } from './pass.ts';
import type { PassRequest } from './pass-event.ts';
import type { PassRun } from './pass-run.ts';
import { react } from './react.ts';
import { recover } from './recover.ts';
import type { PassReport } from './report/pass-report.ts';
import { createTally } from './report/tally.ts';
import type { Mode } from './verdict.ts';

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
  /** How many segments a pass may drop unless its request says otherwise. */
  readonly maxDrops?: number;
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
  const maxDropsPerPass = config.maxDrops ?? DEFAULT_MAX_DROPS;
  const allowance = createDropAllowance(maxDropsPerPass, now);

  return async (request, run = {}) => {
    const startedAt = now();
    const passId = run.passId ?? randomUUID();
    const tally = createTally(run.onFailure);
    const time = createTimeBudget({
      remainingMs: run.remainingMs ?? (() => Number.POSITIVE_INFINITY),
      cutOff: run.signal,
      inspectMs: config.inspectMs,
      now,
    });
    const stores = storesOf(tally.meter, time.signal);
    const watched = observed(request.dryRun ? dryRun(stores) : stores, {
      ...run,
      onChange(change, outcome) {
        if (outcome.kind === 'done') tally.changes++;
        run.onChange?.(change, outcome);
      },
    });
    const maxDrops = request.mode === 'react' ? allowance.left() : (request.maxDrops ?? maxDropsPerPass);
    const { write, ...dropGuard } = createDropGuard(maxDrops, watched.write);

    const pass: Pass = {
      ...watched,
      tasks: notingDue(watched.tasks, ({ raw }) => Number(raw.dueAt), tally.oldestDue),
      jobs: notingDue(watched.jobs, dueAtIfOurs, tally.oldestDue),
      write,
      dropGuard,
      request,
      startedAt,
      now,
      time,
      tally,
      onVerdict: run.onVerdict ?? (() => {}),
      lookUpJobs: createJobLookup({ jobs: stores.jobs, tally, now }),
      markBreaker: createMarkBreaker(),
      sendPace: createSendPace(),
      expectation: createExpectation(),
      shards: config.shards,
      windowSize: config.windowSize ?? WINDOW_SIZE,
    };

    const report = (stopped: Stopped): PassReport =>
      tally.report(request, {
        passId,
        startedAt,
        endedAt: now(),
        cutShort: time.ranShort(),
        ...(stopped && { stopped }),
      });
    try {
      return report(await untilCutOff(pass));
    } catch (error) {
      run.onError?.(report({}));
      throw error;
    } finally {
      time.end();
      if (request.mode === 'react') allowance.take(tally.segments.dropped);
      const omitted = tally.omitted();
      if (omitted.length > 0) run.onOmittedProblems?.(omitted);
    }
  };
}

/** What a pass of each mode does. */
const MODES: Readonly<Record<Mode, (pass: Pass) => Promise<Stopped>>> = { inspect, recover, react };

/** The marker of a running job is its checker's. */
const dueAtIfOurs = ({ state, dueAt }: DueJob): number | undefined =>
  state === 'Failed' || state === 'Completed' ? dueAt : undefined;

/** A request that outlasted the pass ends it like a stop in good time: what was under way is done again. */
async function untilCutOff(pass: Pass): Promise<Stopped> {
  try {
    return await MODES[pass.request.mode](pass);
  } catch (error) {
    if (!pass.time.wasCutOff()) throw error;
    return {};
  }
}
