import { randomUUID } from 'node:crypto';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createJobStore } from '../aws/job-store.ts';
import { type AwsClients, meteredClients } from '../aws/metered-clients.ts';
import { createSchedulerQueue } from '../aws/scheduler-queue.ts';
import { createSegmentStore } from '../aws/segment-store.ts';
import { createTaskStore } from '../aws/task-store.ts';
import type { Stores } from '../copy-segment/stores.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import { dryRun } from './dry-run.ts';
import { inspect } from './inspect.ts';
import type { ObservedVerdict, Pass, Stopped } from './pass.ts';
import type { PassRequest } from './pass-event.ts';
import { recover } from './recover.ts';
import type { PassReport, Problem } from './report/pass-report.ts';
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
  readonly onVerdict?: (verdict: ObservedVerdict) => void;
  /** What a pass had done when an error ended it. */
  readonly onError?: (report: PassReport) => void;
  /** A problem that the report has no room for. */
  readonly onOmittedProblem?: (problem: Problem) => void;
}

/** Makes one inspection pass. */
export type Inspector = (request: PassRequest, run?: PassRun) => Promise<PassReport>;

export function createInspector(config: InspectorConfig): Inspector {
  const now = config.now ?? Date.now;

  return async (request, run = {}) => {
    const startedAt = now();
    const passId = run.passId ?? randomUUID();
    const tally = createTally(run.onOmittedProblem ?? (() => {}));
    const time = createTimeBudget(run.remainingMs ?? (() => Number.POSITIVE_INFINITY));
    const stores = createStores(config, meteredClients(config, tally.meter, time.signal));

    const pass: Pass = {
      ...(request.dryRun ? dryRun(stores) : stores),
      request,
      startedAt,
      now,
      time,
      tasksUntil: startedAt + (config.inspectMs ?? Number.POSITIVE_INFINITY) - RESERVE_MS,
      tally,
      observe: run.onVerdict ?? (() => {}),
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

const createStores = ({ tables, queueUrl, shards }: InspectorConfig, clients: AwsClients): Stores => ({
  jobs: createJobStore(clients, tables, shards),
  tasks: createTaskStore(clients, tables.tasks, shards),
  segments: createSegmentStore(clients, tables.segments),
  queue: createSchedulerQueue(clients, queueUrl),
});
