import { randomUUID } from 'node:crypto';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createLastUnfinished } from '../aws/last-unfinished.ts';
import { type Meter, meteredDynamo } from '../aws/metered-clients.ts';
import { createTableReads } from '../aws/table-reads.ts';
import { createTransact } from '../aws/transact.ts';
import { createWriter, type EngineTraits } from '../aws/write-changes.ts';
import type { DueJob } from '../copy-segment/stores.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import { notingDue } from '../pass/oldest.ts';
import { createTimeBudget } from '../pass/time-budget.ts';
import { check } from './check.ts';
import type { CheckMode, CheckRequest } from './check-event.ts';
import type { CheckerStores, CheckPass } from './check-pass.ts';
import type { CheckRun } from './check-run.ts';
import { dryRun } from './dry-run.ts';
import { observed } from './observed.ts';
import { react } from './react.ts';
import { recover } from './recover.ts';
import type { CheckReport } from './report/check-report.ts';
import { createCheckTally } from './report/check-tally.ts';

/** What a check holds in memory at once, however many jobs are due. */
const WINDOW_SIZE = 10_000;

export interface CheckConfig {
  /** How many partitions of the `due` index a check asks. */
  readonly shards: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly windowSize?: number;
}

export interface CheckerConfig extends CheckConfig {
  readonly dynamo: DynamoDBDocumentClient;
  readonly tables: TableNames;
}

/** The stores of one check: what they ask is counted, and ended when the check is. */
export type StoresOfCheck = (meter: Meter, signal: AbortSignal) => CheckerStores;

/** Makes one check. */
export type Checker = (request: CheckRequest, run?: CheckRun) => Promise<CheckReport>;

/** A checker on DynamoDB. */
export function createChecker(config: CheckerConfig): Checker {
  const { dynamo, tables } = config;
  const engine: EngineTraits = { takesSeveralRemoves: true };
  return checkerOver((meter, signal) => {
    const access = meteredDynamo(dynamo, meter, signal);
    return {
      ...createTableReads(access, tables),
      write: createWriter(access, tables, engine),
      transact: createTransact(access, tables),
      lastUnfinished: createLastUnfinished(access, tables),
    };
  }, config);
}

/** A checker on any stores. */
export function checkerOver(storesOf: StoresOfCheck, config: CheckConfig): Checker {
  const now = config.now ?? Date.now;
  const watchedTasks: CheckPass['watchedTasks'] = new Map();

  return async (request, run = {}) => {
    const startedAt = now();
    const passId = run.passId ?? randomUUID();
    const tally = createCheckTally(run.onFailure);
    const time = createTimeBudget({
      remainingMs: run.remainingMs ?? (() => Number.POSITIVE_INFINITY),
      cutOff: run.signal,
      now,
    });
    const stores = storesOf(tally.meter, time.signal);

    const watched = observed(request.dryRun ? dryRun(stores) : stores, {
      onChange(change, end) {
        if (end === 'done') tally.changes++;
        run.onChange?.(change, end);
      },
    });
    const pass: CheckPass = {
      ...watched,
      jobs: notingDue(watched.jobs, dueAtIfOurs, tally.oldestDue),
      request,
      startedAt,
      now,
      time,
      tally,
      watchedTasks,
      onVerdict: run.onVerdict ?? (() => {}),
      shards: config.shards,
      windowSize: config.windowSize ?? WINDOW_SIZE,
    };

    const report = (isStopped: boolean): CheckReport =>
      tally.report(request, { passId, startedAt, endedAt: now(), isStopped, cutShort: time.ranShort() });
    try {
      return report(!(await untilCutOff(pass)));
    } catch (error) {
      run.onError?.(report(true));
      throw error;
    } finally {
      time.end();
      const omitted = tally.omitted();
      if (omitted.length > 0) run.onOmittedProblems?.(omitted);
    }
  };
}

/** What a check of each mode does. */
const MODES: Readonly<Record<CheckMode, (pass: CheckPass) => Promise<boolean>>> = { check, recover, react };

/** The marker of a Failed job is the inspector's. */
const dueAtIfOurs = ({ state, dueAt }: DueJob): number | undefined =>
  state === 'Failed' ? undefined : dueAt;

/** A request that outlasted the check ends it like a stop in good time: what was under way is done again. */
async function untilCutOff(pass: CheckPass): Promise<boolean> {
  try {
    return await MODES[pass.request.mode](pass);
  } catch (error) {
    if (!pass.time.wasCutOff()) throw error;
    return false;
  }
}
