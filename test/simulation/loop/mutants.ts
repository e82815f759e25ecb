import type { Change } from '../../../functions/copy-segment/change.ts';
import type { RawId } from '../../../functions/copy-segment/ids.ts';
import type { Item } from '../../../functions/copy-segment/item.ts';
import { isJob, type JobLookup } from '../../../functions/copy-segment/job.ts';
import type { Check, Part } from '../../../functions/copy-segment/transaction.ts';
import type { Mutant, Ports } from './stage.ts';
import type { Role } from './wire.ts';

interface AnyChange {
  readonly table: Change['table'];
  readonly key: Change['key'];
  readonly if: Readonly<Record<string, unknown>>;
  readonly set: Readonly<Record<string, unknown>>;
  readonly remove: readonly string[];
}

/** Changes of a party are made otherwise, whichever request bears them. */
const changes =
  (
    of: Role,
    is: (change: AnyChange) => boolean,
    otherwise: (change: AnyChange) => Partial<AnyChange>,
  ): Mutant =>
  (ports, role) => {
    if (role !== of) return ports;
    const mutated = (change: Change): Change =>
      is(change as AnyChange) ? ({ ...change, ...otherwise(change as AnyChange) } as Change) : change;
    return {
      ...ports,
      write: (all) => ports.write(all.map(mutated)),
      transact: (parts) =>
        ports.transact(
          parts.map((part): Part => ('change' in part ? { change: mutated(part.change) } : part)),
        ),
      items: { ...ports.items, update: (change) => ports.items.update(mutated(change)) },
    };
  };

const without = (record: Readonly<Record<string, unknown>>, ...names: readonly string[]) =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
const ignores = (of: Role, is: (change: AnyChange) => boolean, ...names: readonly string[]): Mutant =>
  changes(of, is, (change) => ({ if: without(change.if, ...names) }));
const sets = (
  of: Role,
  is: (change: AnyChange) => boolean,
  set: (set: AnyChange['set']) => AnyChange['set'],
): Mutant => changes(of, is, (change) => ({ set: { ...change.set, ...set(change.set) } }));

const becomes =
  (table: Change['table'], state: string) =>
  (change: AnyChange): boolean =>
    change.table === table && change.set.state === state;
const isRenewal = ({ table, set }: AnyChange): boolean =>
  table === 'tasks' && 'leaseExpiresAt' in set && set.state === undefined;
const isClaim = becomes('tasks', 'InProgress');
const isPlace = ({ set }: AnyChange): boolean => 'publishedThroughTaskId' in set;

/** One party's ports are otherwise. */
const party =
  (of: Role, otherwise: (ports: Ports) => Partial<Ports>): Mutant =>
  (ports, role) =>
    role === of ? { ...ports, ...otherwise(ports) } : ports;

/** Transactions of a party ask nothing of the job. */
const withoutFence = (of: Role): Mutant =>
  party(of, ({ transact }) => ({
    transact: (parts) =>
      transact(
        parts.map((part): Part => {
          if ('check' in part) return { check: { ...part.check, if: {} } as Check };
          const isFence = 'change' in part && part.change.table === 'jobs';
          return isFence ? { change: { ...part.change, if: {} } as Change } : part;
        }),
      ),
  }));

/** The items of jobs are read otherwise. */
const jobItems = (otherwise: (raw: Item) => Item): Mutant =>
  party('checker', ({ jobs }) => ({
    jobs: {
      ...jobs,
      async read(ids) {
        const found = await jobs.read(ids);
        return new Map<RawId, JobLookup>(
          [...found].map(([id, job]) => [id, isJob(job) ? { ...job, raw: otherwise(job.raw) } : job]),
        );
      },
    },
  }));

/**
 * Bugs in submit, checker and worker that somebody might write tomorrow: sections 9 to 12 of the contract.
 *
 * Not here, since nothing can tell them from the original while the others do their part: a publication that does not ask
 * for the state of a target (the fence of its job does), a checker that does not read the totals (a job is sealed when it
 * has all its tasks).
 */
export const LOOP_MUTANTS: Readonly<Record<string, Mutant>> = {
  // Submit.
  'a task is filled in without asking whether the job is still Pending': withoutFence('submit'),
  'the segments of a task are created after it': party('submit', ({ transact }) => ({
    async transact(parts) {
      const isSegment = (part: Part): boolean => 'create' in part && part.create.table === 'segments';
      const first = await transact(parts.filter((part) => !isSegment(part)));
      const rest = parts.filter(isSegment);
      return first.kind === 'done' && rest.length > 0 ? transact(rest) : first;
    },
  })),
  'a job is sealed before it is filled': party('submit', ({ transact }) => ({
    transact: (parts) =>
      transact(
        parts.map((part): Part => {
          if ('check' in part) return { check: { ...part.check, if: {} } as Check };
          const isJobOpened = 'create' in part && part.create.table === 'jobs';
          return isJobOpened
            ? { create: { ...part.create, item: { ...part.create.item, state: 'Executing' } } }
            : part;
        }),
      ),
  })),
  'a seal does not ask for the state': ignores('submit', becomes('jobs', 'Executing'), 'state'),
  'a seal forgets the marker': changes('submit', becomes('jobs', 'Executing'), ({ set }) => ({
    set: without(set, 'dueAt'),
    remove: ['dueAt'],
  })),
  'a target that exists is taken over': party('submit', ({ transact, items }) => ({
    async transact(parts) {
      for (const part of parts)
        if ('create' in part && part.create.table === 'segments') {
          const { table, key, item } = part.create;
          await items.update({ table, key, if: {}, set: without(item, 'segmentId'), remove: [] } as Change);
        }
      return transact(parts.filter((part) => !('create' in part && part.create.table === 'segments')));
    },
  })),

  // Claim and lease.
  'a claim asks for nothing': ignores('worker', isClaim, 'state', 'taskVersion', 'leaseExpiresAt'),
  'a claim leaves the version': changes('worker', isClaim, ({ set }) => ({
    set: without(set, 'taskVersion'),
  })),
  'a heartbeat asks for nothing': ignores('worker', isRenewal, 'state', 'taskVersion'),
  'a completion does not ask for the version': ignores(
    'worker',
    becomes('tasks', 'Completed'),
    'taskVersion',
  ),
  'a completion asks for nothing': ignores('worker', becomes('tasks', 'Completed'), 'state', 'taskVersion'),
  'a completion leaves the lease': changes('worker', becomes('tasks', 'Completed'), () => ({
    remove: ['dueAt'],
  })),
  'a failure does not ask for the version': ignores('worker', becomes('tasks', 'Failed'), 'taskVersion'),
  'a task is given back in the same version': changes('worker', becomes('tasks', 'Pending'), ({ set }) => ({
    set: without(set, 'taskVersion'),
  })),
  'a task is given back without a marker': changes(
    'worker',
    becomes('tasks', 'Pending'),
    ({ set, remove }) => ({
      set: without(set, 'dueAt'),
      remove: [...remove, 'dueAt'],
    }),
  ),

  // Objects.
  'an object is overwritten': party('worker', ({ objects }) => ({
    objects: {
      ...objects,
      async copy(source, target) {
        await objects.copy(source, target);
        return 'created';
      },
    },
  })),
  'other bytes at the target are taken for a copy': party('worker', ({ objects }) => ({
    objects: {
      ...objects,
      async look(at) {
        const found = await objects.look(at);
        return found && at.key.startsWith('live/') ? { ...found, copiedFrom: 'original' } : found;
      },
    },
  })),
  'a part is copied from whatever the source is by now': party('worker', ({ objects }) => ({
    objects: {
      ...objects,
      async openUpload(source, target) {
        const first = await objects.openUpload(source, target);
        return {
          ...first,
          async copyPart(number, range) {
            const now = (await objects.look(source)) ?? source;
            Object.assign(source, { etag: now.etag });
            return first.copyPart(number, range);
          },
        };
      },
    },
  })),
  'what was refused is taken for copied': party('worker', ({ objects }) => ({
    objects: {
      ...objects,
      copy: async () => 'created',
      look: async (at) =>
        (await objects.look(at)) ?? {
          ...at,
          size: 10,
          etag: 'original',
          digests: {},
          headers: { metadata: {} },
        },
    },
  })),

  // Checker.
  'the counters of a job are believed': party('checker', ({ jobs, tasks }) => ({
    tasks: {
      ...tasks,
      async *ofJob(jobId, after) {
        const job = (await jobs.read([jobId])).get(jobId);
        const raw = typeof job === 'object' && 'raw' in job ? job.raw : {};
        const isDone = Number(raw.completedTasks ?? 0) >= Number(raw.totalTasks ?? 1);
        for await (const page of tasks.ofJob(jobId, after))
          yield page.map((sighting) =>
            isDone && sighting.reading.ok
              ? {
                  ...sighting,
                  reading: { ok: true, value: { ...sighting.reading.value, state: 'Completed' } },
                }
              : sighting,
          );
      },
    },
  })),
  'targets are published without a fence': withoutFence('checker'),
  'a published target is still importing': changes('checker', becomes('segments', 'Flushed'), ({ set }) => ({
    set: without(set, 'isImporting'),
  })),
  'the last target of a transaction is not published': party('checker', ({ transact }) => ({
    transact: (parts) => transact(parts.slice(0, Math.max(1, parts.length - 1))),
  })),
  'the place of a publication is a task too far': sets('checker', isPlace, ({ publishedThroughTaskId }) => ({
    publishedThroughTaskId: (publishedThroughTaskId as bigint) + 1n,
  })),
  'a publication skips Publishing': sets('checker', becomes('jobs', 'Publishing'), () => ({
    state: 'Completed',
  })),
  'a start does not ask for the state': ignores('checker', becomes('jobs', 'Executing'), 'state'),
  'a publication begins whatever the state is': ignores('checker', becomes('jobs', 'Publishing'), 'state'),
  'a completion of a job does not ask for the state': ignores(
    'checker',
    becomes('jobs', 'Completed'),
    'state',
  ),
  'a failure of a job does not ask for the state': ignores('checker', becomes('jobs', 'Failed'), 'state'),
  'a Failed job has no marker': changes('checker', becomes('jobs', 'Failed'), ({ set }) => ({
    set: without(set, 'dueAt'),
    remove: ['dueAt'],
  })),
  'a wait takes the job out of the index': changes(
    'checker',
    ({ table, set }) => table === 'jobs' && 'looks' in set,
    ({ set }) => ({ set: without(set, 'dueAt'), remove: ['dueAt'] }),
  ),
  'a deadline is read in seconds': jobItems((raw) => ({
    ...raw,
    timeoutAt: (raw.timeoutAt as bigint) / 1_000n,
  })),
};
