import type { World } from '../../engines/world.ts';
import { parseCheckEvent } from '../../functions/checker/check-event.ts';
import type { CheckRun } from '../../functions/checker/check-run.ts';
import { createChecker } from '../../functions/checker/checker.ts';
import type { Change } from '../../functions/copy-segment/change.ts';
import { DEFAULT_DUE_SHARDS } from '../../functions/copy-segment/due-index.ts';
import type { TaskKey } from '../../functions/copy-segment/task.ts';
import { createInspector } from '../../functions/inspector/inspector.ts';
import { parsePassEvent } from '../../functions/inspector/pass-event.ts';
import type { PassRun } from '../../functions/inspector/pass-run.ts';
import { countOf } from '../terminal/count-of.ts';
import { type Tell, tookFrom } from './loop-event.ts';
import type { SkippingClock } from './skipping-clock.ts';

/** What the schedules invoke every minute, through the code of the Lambdas. */
export interface LoopPasses {
  check(): Promise<void>;
  inspect(): Promise<void>;
  /** How many of either kind there were. */
  readonly count: number;
  /** How many of them had nothing to do. */
  readonly idle: number;
}

export function createLoopPasses(
  { dynamo, sqs, tables, queueUrl }: World,
  clock: SkippingClock,
  tell: Tell,
  signal: AbortSignal,
): LoopPasses {
  const common = { dynamo, tables, shards: DEFAULT_DUE_SHARDS, now: clock.now };
  const inspector = createInspector({ ...common, sqs, queueUrl });
  const checker = createChecker(common);
  let count = 0;
  let idle = 0;

  return {
    async check() {
      const { read } = await checker(parseCheckEvent({}), { signal, onChange: tellCheck(clock, tell) });
      count++;
      if (read.dueJobs === 0) idle++;
    },
    async inspect() {
      const observed = tellInspection(tell);
      const { read } = await inspector(parsePassEvent({}), { signal, ...observed.run });
      observed.end();
      count++;
      if (read.dueTasks + read.dueJobs === 0) idle++;
    },
    get count() {
      return count;
    },
    get idle() {
      return idle;
    },
  };
}

/** The transitions of jobs, and how many segments each publication made visible. */
function tellCheck(clock: SkippingClock, tell: Tell): Required<CheckRun>['onChange'] {
  const began = clock.elapsed();
  let published = 0;
  return (change, outcome) => {
    if (outcome !== 'done') return;
    if (change.table === 'segments' && change.set.state === 'Flushed') published++;
    if (change.table !== 'jobs') return;
    const jobId = change.key.jobId as bigint;
    const { state, reason } = change.set;
    if (state === 'Publishing')
      tell('checker', 'publishing', {
        jobId,
        detail: `with ${countOf(Number(change.set.completedTasks), 'task')} Completed`,
      });
    if (state === 'Completed') {
      const detail = `${countOf(published, 'segment')}, Flushed now,${tookFrom(began, clock.elapsed())}`;
      tell('checker', 'published', { jobId, detail });
      tell('checker', 'completed', { jobId });
    }
    if (state === 'Failed') tell('checker', 'failed', { jobId, detail: reason ?? '' });
  };
}

/** What becomes of tasks, and how many segments of each job are dropped. */
function tellInspection(tell: Tell): { readonly run: Pick<PassRun, 'onChange' | 'onMessage'>; end(): void } {
  const dropped = new Map<bigint, number>();
  const settled = new Set<bigint>();
  const onTask = ({ key, set }: Change<'tasks'>): void => {
    if (set.state === 'Pending')
      tell('inspector', 'released', {
        ...(key as unknown as TaskKey),
        detail: 'after its lease expired',
      });
    if (set.state === 'Failed')
      tell('inspector', 'failed', { ...(key as unknown as TaskKey), detail: set.reason ?? '' });
  };
  return {
    run: {
      onChange(change, { kind }) {
        if (kind !== 'done') return;
        if (change.table === 'tasks') onTask(change);
        if (change.table === 'segments' && change.set.state === 'Dropped') {
          // The owner, as it was read: of these segments it is the job that was submitted.
          const jobId = change.if.jobId as unknown as bigint;
          dropped.set(jobId, (dropped.get(jobId) ?? 0) + 1);
        }
        if (change.table === 'jobs' && change.set.segmentsDroppedAt !== undefined)
          settled.add(change.key.jobId as bigint);
      },
      onMessage: ({ key: { jobId, taskId }, body }) =>
        tell('inspector', 'sent', { jobId, taskId, detail: `to the queue: ${body.reason}` }),
    },
    end() {
      for (const [jobId, count] of dropped) {
        const detail =
          countOf(count, 'segment') + (settled.has(jobId) ? ': no target of the job is left' : '');
        tell('inspector', 'dropped', { jobId, detail });
      }
    },
  };
}
