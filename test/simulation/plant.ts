import type { Change } from '../../functions/copy-segment/change.ts';
import { isJob, type Job, type JobLookup } from '../../functions/copy-segment/job.ts';
import type { Stores, WriteOutcome } from '../../functions/copy-segment/stores.ts';
import type { Task, TaskSighting } from '../../functions/copy-segment/task.ts';
import type { TaskMessage } from '../../functions/copy-segment/task-message.ts';
import type { PassRequest } from '../../functions/inspector/pass-event.ts';
import type { Reads } from './stage.ts';

/** A planted bug: the stores as an inspector that has it would use them. `stale` shows what was true a while ago. */
export type StoresMutant = (stores: Stores, stale: Reads) => Stores;

/** A planted bug: in the stores, or in what the inspector takes its request for. */
export type Mutant = StoresMutant | { readonly misread: (request: PassRequest) => PassRequest };

type AnyChange = {
  readonly table: Change['table'];
  readonly if: Readonly<Record<string, unknown>>;
  readonly set: Readonly<Record<string, unknown>>;
  readonly remove: readonly string[];
  readonly action?: { readonly what: string } | undefined;
};

/** What a change is, by what it writes. */
const IS = {
  enqueued: (change) => change.table === 'tasks' && 'enqueuedAt' in change.set,
  released: (change) => change.table === 'tasks' && change.set.state === 'Pending',
  failed: (change) => change.table === 'tasks' && change.set.state === 'Failed',
  taskSettled: (change) => change.table === 'tasks' && 'segmentsDroppedAt' in change.set,
  taskRested: (change) => change.table === 'tasks' && isOnly(change, [], ['dueAt']),
  taskPostponed: (change) => change.table === 'tasks' && isOnly(change, ['dueAt', 'dueShard'], []),
  taskInVain: (change) => change.table === 'tasks' && 'dropAttempts' in change.set,
  jobSettled: (change) => change.table === 'jobs' && 'segmentsDroppedAt' in change.set,
  placeSaved: (change) =>
    change.table === 'jobs' && 'droppedThroughTaskId' in change.set && !('dropAttempts' in change.set),
  jobInVain: (change) => change.table === 'jobs' && 'dropAttempts' in change.set,
  jobPostponed: (change) => change.table === 'jobs' && isOnly(change, ['dueAt', 'dueShard'], []),
  taskWithheld: (change) => change.table === 'tasks' && change.action?.what === 'withheld',
  jobWithheld: (change) => change.table === 'jobs' && change.action?.what === 'withheld',
  dropped: (change) => change.table === 'segments',
} satisfies Record<string, (change: AnyChange) => boolean>;

const isOnly = ({ set, remove }: AnyChange, sets: readonly string[], removes: readonly string[]): boolean =>
  Object.keys(set).every((name) => sets.includes(name)) &&
  remove.every((name) => removes.includes(name)) &&
  Object.keys(set).length + remove.length > 0;

/** Changes of a kind are written otherwise. */
export const changes =
  (kind: keyof typeof IS, otherwise: (change: AnyChange) => Partial<AnyChange>): StoresMutant =>
  (stores) => ({
    ...stores,
    write: (all) =>
      stores.write(
        all.map((change) => (IS[kind](change) ? ({ ...change, ...otherwise(change) } as Change) : change)),
      ),
  });

const without = (record: Readonly<Record<string, unknown>>, ...names: readonly string[]) =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));

export const forgets = (kind: keyof typeof IS, ...names: readonly string[]): StoresMutant =>
  changes(kind, ({ set }) => ({ set: without(set, ...names) }));
export const sets = (
  kind: keyof typeof IS,
  of: (set: AnyChange['set']) => Record<string, unknown>,
): StoresMutant => changes(kind, ({ set }) => ({ set: { ...set, ...of(set) } }));
export const keeps = (kind: keyof typeof IS, ...names: readonly string[]): StoresMutant =>
  changes(kind, ({ remove }) => ({ remove: remove.filter((name) => !names.includes(name)) }));
export const ignores = (kind: keyof typeof IS, ...names: readonly string[]): StoresMutant =>
  changes(kind, (change) => ({ if: names.length > 0 ? without(change.if, ...names) : {} }));

/** Changes of a kind are not made, and nobody is told. */
export const omits =
  (kind: keyof typeof IS): StoresMutant =>
  (stores) => ({
    ...stores,
    async write(all) {
      const made = all.filter((change) => !IS[kind](change));
      const outcomes = await stores.write(made);
      return all.map((change) => outcomes[made.indexOf(change)] ?? { kind: 'done' });
    },
  });

/** How a change of a kind ended is taken for something else. */
export const takes =
  (kind: keyof typeof IS, from: WriteOutcome['kind'], to: WriteOutcome): StoresMutant =>
  (stores) => ({
    ...stores,
    async write(all) {
      const outcomes = await stores.write(all);
      return outcomes.map((outcome, index) => {
        const change = all[index];
        return change && IS[kind](change) && outcome.kind === from ? to : outcome;
      });
    },
  });

/** Jobs are read otherwise. */
export const jobsAre =
  (otherwise: (job: Job) => JobLookup): StoresMutant =>
  (stores) => ({
    ...stores,
    jobs: {
      ...stores.jobs,
      async read(jobIds) {
        const lookups = await stores.jobs.read(jobIds);
        return new Map([...lookups].map(([jobId, job]) => [jobId, isJob(job) ? otherwise(job) : job]));
      },
    },
  });

/** Tasks are read from the table otherwise; undefined: not at all. */
export const tasksAre =
  (otherwise: (task: Task) => Task | undefined): StoresMutant =>
  (stores) => {
    const mutated = (sightings: readonly TaskSighting<Task>[]): TaskSighting<Task>[] =>
      sightings.flatMap((sighting) => {
        if (!sighting.reading.ok) return [sighting];
        const value = otherwise(sighting.reading.value);
        return value ? [{ ...sighting, reading: { ok: true, value } }] : [];
      });
    return {
      ...stores,
      tasks: {
        ...stores.tasks,
        async read(keys) {
          const { found, unread } = await stores.tasks.read(keys);
          return { found: mutated(found), unread };
        },
        async *ofJob(jobId, after) {
          for await (const page of stores.tasks.ofJob(jobId, after)) yield mutated(page);
        },
      },
    };
  };

export const sends =
  (
    otherwise: (messages: readonly TaskMessage[], stores: Stores) => ReturnType<Stores['queue']['send']>,
  ): StoresMutant =>
  (stores) => ({ ...stores, queue: { send: (messages) => otherwise(messages, stores) } });
