import type { Change } from '../copy-segment/change.ts';
import type { Item } from '../copy-segment/item.ts';
import { isRunning, type Job, readJob } from '../copy-segment/job.ts';
import type { Progress } from '../copy-segment/progress.ts';
import type { SingleItems } from '../copy-segment/single-items.ts';
import { TemporaryError } from '../copy-segment/stores.ts';
import type { Task } from '../copy-segment/task.ts';
import {
  type ClaimedTask,
  completed,
  failed,
  handedOver,
  renewed,
  retried,
} from '../copy-segment/worker-changes.ts';
import { tellCompleted, tellFailed } from './tell-job.ts';
import type { Cancel, Time } from './timers.ts';
import { untilAnswered } from './until-answered.ts';
import { wasMade } from './was-made.ts';

/**
 * The right to copy one task, until `leaseExpiresAt` in the table. It ends once: a call after `complete`, `fail`, `retry`
 * or `handOver` says `lost`. While DynamoDB does not answer, a call asks on, at most until the lease ends.
 */
export interface Lease {
  /** As claimed. */
  readonly task: Task;
  readonly job: Job;
  /**
   * Aborted when nothing more may be written: the lease is lost, the job is over, or the lease ends in 30 s without
   * having been renewed. Reading it looks at the clock: the timers of a process that was suspended come late, and whatever
   * it waited for may be answered before.
   */
  readonly signal: AbortSignal;
  /** Renews the lease, and reads whether the job still runs. `work` calls it at every third of the lease. */
  heartbeat(progress?: Progress): Promise<'held' | 'lost' | 'jobOver'>;
  complete(progress: Progress): Promise<'completed' | 'lost'>;
  /** Fails the task for good, and with it the job. */
  fail(reason: string): Promise<'failed' | 'lost'>;
  /** Gives the task back after an error that may pass; the 11th time it fails. */
  retry(reason: string): Promise<'retried' | 'failed' | 'lost'>;
  /** Gives the task back for the next worker to go on at once. Without progress since the claim, this is a retry. */
  handOver(progress: Progress): Promise<'handedOver' | 'lost'>;
}

export type LeaseStatus = 'held' | 'lost' | 'jobOver' | 'ended';

/** A worker writes no object later than this before its lease ends, in milliseconds. */
export const STOP_BEFORE_END_MS = 30_000;

export interface LeaseConfig {
  readonly items: SingleItems;
  readonly nodeId: string;
  readonly leaseMs: number;
  readonly time: Time;
}

/** A lease that was claimed to `leaseExpiresAt`, epoch milliseconds. */
export function createLease(
  { items, nodeId, leaseMs, time }: LeaseConfig,
  task: ClaimedTask,
  job: Job,
  leaseExpiresAt: number,
): { readonly lease: Lease; status(): LeaseStatus } {
  const stop = new AbortController();
  // A lease as short as in a demonstration keeps three quarters of its time.
  const marginMs = Math.min(STOP_BEFORE_END_MS, leaseMs / 4);
  let endsAt = leaseExpiresAt;
  let status: LeaseStatus = 'held';
  let cancelWatch: Cancel = () => {};

  const leftMs = (): number => endsAt - marginMs - time.now();
  const stopInTime = (): void => {
    if (leftMs() <= 0) stop.abort(new Error('the lease ends, and could not be renewed'));
  };
  const watch = (): void => {
    stopInTime();
    if (!stop.signal.aborted) cancelWatch = time.after(leftMs(), watch);
  };
  watch();

  const over = <S extends 'lost' | 'jobOver'>(found: S): S => {
    if (status !== 'held') return found;
    status = found;
    cancelWatch();
    stop.abort(new Error(found === 'lost' ? 'the lease is lost' : 'the job is over'));
    return found;
  };

  const renew = async (progress: Progress | undefined): Promise<boolean> => {
    const until = time.now() + leaseMs;
    const outcome = await items.update(renewed(task, until, progress));
    if (outcome.kind === 'conditionFailed') return false;
    endsAt = until;
    return true;
  };

  const heartbeat = async (progress?: Progress): Promise<'held' | 'lost' | 'jobOver'> => {
    if (status !== 'held') return status === 'jobOver' ? 'jobOver' : 'lost';
    // After a stall, this may come before the watch: a lease that is renewed late was not held all the time.
    stopInTime();
    const isRenewed = await answeredInTime(() => renew(progress));
    // The task may have ended while the heartbeat was under way.
    if (status !== 'held') return 'lost';
    if (!isRenewed) return over('lost');
    return (await isJobOver()) ? over('jobOver') : 'held';
  };

  /** Undefined: DynamoDB did not answer before the lease ended. */
  const answeredInTime = async <T>(ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await untilAnswered(ask, () => endsAt, time);
    } catch (error) {
      if (error instanceof TemporaryError) return undefined;
      throw error;
    }
  };

  const isJobOver = async (): Promise<boolean> => {
    try {
      const item = await items.read('jobs', { jobId: task.jobId });
      if (item === undefined) return true;
      const reading = readJob(item);
      return reading.ok && !isRunning(reading.value);
    } catch (error) {
      // The next heartbeat will tell.
      if (error instanceof TemporaryError) return false;
      throw error;
    }
  };

  /** Whether the change that ends this worker's part was made, now or by a request whose answer was lost. */
  const end = async (change: Change<'tasks'>, ours: Item): Promise<boolean> => {
    if (status === 'lost' || status === 'ended') return false;
    const outcome = await answeredInTime(() => items.update(change));
    const isMade =
      outcome?.kind === 'done' ||
      (outcome?.kind === 'conditionFailed' && wasMade(outcome.item, change, ours));
    if (!isMade) {
      over('lost');
      return false;
    }
    status = 'ended';
    cancelWatch();
    return true;
  };
  const stays = { nodeId, taskVersion: task.taskVersion };
  const goesBack = { lostLeases: task.raw.lostLeases };

  const giveBack = async (change: Change<'tasks'>): Promise<'givenBack' | 'failed' | 'lost'> => {
    const isFailure = change.set.state === 'Failed';
    if (!(await end(change, isFailure ? stays : goesBack))) return 'lost';
    if (!isFailure) return 'givenBack';
    await tellFailed(items, task, time.now());
    return 'failed';
  };

  const lease: Lease = {
    task,
    job,
    get signal() {
      stopInTime();
      return stop.signal;
    },
    heartbeat: oneAtATime(heartbeat),

    async complete(progress) {
      if (!(await end(completed(task, progress, time.now()), stays))) return 'lost';
      await tellCompleted(items, task, progress, time.now());
      return 'completed';
    },

    async fail(reason) {
      const ended = await giveBack(failed(task, reason, time.now()));
      return ended === 'lost' ? 'lost' : 'failed';
    },

    async retry(reason) {
      const ended = await giveBack(retried(task, reason, time.now()));
      return ended === 'givenBack' ? 'retried' : ended;
    },

    async handOver(progress) {
      const ended = await giveBack(handedOver(task, progress, time.now()));
      return ended === 'lost' ? 'lost' : 'handedOver';
    },
  };
  return { lease, status: () => status };
}

/** Of two renewals under way, the older must not arrive last. */
function oneAtATime<A extends unknown[], T>(call: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  let previous: Promise<unknown> = Promise.resolve();
  return (...args) => {
    const next = previous.then(() => call(...args));
    previous = next.catch(() => {});
    return next;
  };
}
