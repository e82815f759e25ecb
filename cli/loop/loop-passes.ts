import { type EventSourceOptions, eventSource } from '../../engines/event-source.ts';
import { parseCheckEvent } from '../../functions/checker/check-event.ts';
import type { CheckRun } from '../../functions/checker/check-run.ts';
import { createChecker } from '../../functions/checker/checker.ts';
import { reactTo as checkerReactsTo } from '../../functions/checker/reaction.ts';
import { CHECKER_WINDOW_MS, WAKES_CHECKER_ON_TASKS } from '../../functions/checker/wake-patterns.ts';
import type { Change } from '../../functions/copy-segment/change.ts';
import { DEFAULT_DUE_SHARDS } from '../../functions/copy-segment/due-index.ts';
import type { TaskKey } from '../../functions/copy-segment/task.ts';
import { createInspector } from '../../functions/inspector/inspector.ts';
import { parsePassEvent } from '../../functions/inspector/pass-event.ts';
import type { PassRun } from '../../functions/inspector/pass-run.ts';
import { reactTo as inspectorReactsTo } from '../../functions/inspector/reaction.ts';
import {
  WAKES_INSPECTOR_ON_JOBS,
  WAKES_INSPECTOR_ON_TASKS,
} from '../../functions/inspector/wake-patterns.ts';
import { countOf } from '../terminal/count-of.ts';
import { type Tell, tookFrom } from './loop-event.ts';
import type { LoopWorld } from './loop-world.ts';
import type { SkippingClock } from './skipping-clock.ts';

/** Inspector and checker, invoked as on AWS, through the code of the Lambdas. */
export interface LoopPasses {
  /** By their schedules, every minute. */
  check(): Promise<void>;
  inspect(): Promise<void>;
  /** By the streams of Jobs and Tasks, polled once. @returns how many records there were, and how many were handed on */
  react(): Promise<number>;
  /** Whether a function waits for more records before it is invoked. */
  isGathering(): boolean;
  readonly counts: PassCounts;
  end(): void;
}

export interface PassCounts {
  /** Passes of either schedule. */
  readonly scheduled: number;
  /** How many of them had nothing to do. */
  readonly idle: number;
  /** Invocations by a stream. */
  readonly reactions: number;
}

export async function createLoopPasses(
  { dynamo, sqs, tables, queueUrl, stream }: LoopWorld,
  clock: SkippingClock,
  tell: Tell,
  signal: AbortSignal,
): Promise<LoopPasses> {
  const common = { dynamo, tables, shards: DEFAULT_DUE_SHARDS, now: clock.now };
  const inspector = createInspector({ ...common, sqs, queueUrl });
  const checker = createChecker(common);
  const counts = { scheduled: 0, idle: 0 };
  const countScheduled = (due: number): void => {
    counts.scheduled++;
    if (due === 0) counts.idle++;
  };

  const checking = (): CheckRun => ({ signal, onChange: tellCheck(clock, tell) });
  const inspecting = async <T>(inspect: (run: PassRun) => Promise<T>): Promise<T> => {
    const observed = tellInspection(tell);
    const end = await inspect({ signal, ...observed.run });
    observed.end();
    return end;
  };

  const streams = { jobs: await stream('jobs'), tasks: await stream('tasks'), ended: await stream('tasks') };
  const inspectorReacts: EventSourceOptions['invoke'] = async (event) =>
    (await inspecting((run) => inspectorReactsTo(inspector, event, run))).response;
  const sources = [
    eventSource(streams.tasks, { patterns: WAKES_INSPECTOR_ON_TASKS, invoke: inspectorReacts }),
    eventSource(streams.ended, {
      patterns: WAKES_CHECKER_ON_TASKS,
      windowMs: CHECKER_WINDOW_MS,
      invoke: async (event) => (await checkerReactsTo(checker, event, checking())).response,
    }),
    eventSource(streams.jobs, { patterns: WAKES_INSPECTOR_ON_JOBS, invoke: inspectorReacts }),
  ];

  return {
    async check() {
      const { read } = await checker(parseCheckEvent({}), checking());
      countScheduled(read.dueJobs);
    },
    async inspect() {
      const { read } = await inspecting((run) => inspector(parsePassEvent({}), run));
      countScheduled(read.dueTasks + read.dueJobs);
    },
    async react() {
      const polled = await Promise.all(sources.map((source) => source.poll()));
      return polled.reduce((sum, records) => sum + records, 0);
    },
    isGathering: () => sources.some((source) => source.isGathering()),
    get counts() {
      const reactions = sources.reduce((sum, source) => sum + source.counts().invocations, 0);
      return { ...counts, reactions };
    },
    end() {
      for (const each of Object.values(streams)) each.close();
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
