import type { Change } from '../../../functions/copy-segment/change.ts';
import type { ObjectWrite } from '../../../functions/copy-segment/invariants-of-objects.ts';
import type { SendOutcome, WriteOutcome } from '../../../functions/copy-segment/stores.ts';
import { TemporaryError } from '../../../functions/copy-segment/stores.ts';
import type { TaskMessage } from '../../../functions/copy-segment/task-message.ts';
import type { ObjectAddress, ObjectStore } from '../../../functions/worker-s3/object-store.ts';
import type { Ports } from './stage.ts';
import type { Exchange, Label, Process, Wire } from './wire.ts';

const REFUSED = 'refused';
const refused = { kind: 'failed', reason: REFUSED } as const;
const unanswered = (): never => {
  throw new TemporaryError(REFUSED);
};

/** The ports of one process, every request of which goes over the wire. */
export function wiredPorts(wire: Wire, process: Process, ports: Ports): Omit<Ports, 'objects'> {
  const ask = <T>(label: Label, perform: () => Promise<T>, fallback: () => T = unanswered): Promise<T> =>
    wire.request(process, { label, perform, unanswered: fallback });

  async function* pages<T>(label: Label, source: AsyncIterable<T>): AsyncGenerator<T> {
    const iterator = source[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await ask(label, () => iterator.next());
      if (done) return;
      yield value;
    }
  }

  /** Of a batch, each part is refused or done on its own. */
  const batch = <T, O>(
    label: Label,
    parts: readonly T[],
    perform: (parts: readonly T[]) => Promise<O[]>,
    performAgain?: () => Promise<O[]>,
  ): Promise<(O | typeof refused)[]> =>
    wire.request<(O | typeof refused)[]>(process, {
      label,
      perform: () => perform(parts),
      async performPartly() {
        const done = await perform(parts.filter((_, index) => index % 2 === 1));
        return parts.map((_, index) => (index % 2 === 1 ? (done[(index - 1) / 2] as O) : refused));
      },
      ...(performAgain && { performAgain }),
      unanswered: () => parts.map(() => refused),
    });

  return {
    jobs: {
      due: (shard, now) => pages('due', ports.jobs.due(shard, now)),
      ids: (after) => pages('keys', ports.jobs.ids(after)),
      read: (ids) =>
        ask(
          'read',
          () => ports.jobs.read(ids),
          () => new Map(ids.map((id) => [id, { unread: REFUSED }])),
        ),
    },
    tasks: {
      due: (shard, now) => pages('due', ports.tasks.due(shard, now)),
      ofJob: (jobId, after) => pages('tasks', ports.tasks.ofJob(jobId, after)),
      jobIds: (after) => pages('keys', ports.tasks.jobIds(after)),
      read: (keys) =>
        ask(
          'read',
          () => ports.tasks.read(keys),
          () => ({ found: [], unread: keys.map((key) => ({ key, reason: REFUSED })) }),
        ),
    },
    segments: {
      read: (ids) =>
        ask(
          'read',
          () => ports.segments.read(ids),
          () => ({ found: new Map(), unread: ids.map((key) => ({ key, reason: REFUSED })) }),
        ),
    },
    lastTask: (jobId) => ask('tasks', () => ports.lastTask(jobId)),
    write: (changes: readonly Change[]) =>
      batch<Change, WriteOutcome>('write', changes, ports.write, () => ports.write(changes)),
    // The SDK names each transaction by a token: asked twice, DynamoDB makes it once.
    transact: (parts) =>
      ask(
        'transact',
        () => ports.transact(parts),
        () => ({ kind: 'failed', reason: 'TransactionConflict' }),
      ),
    queue: {
      send: (messages) =>
        batch<TaskMessage, SendOutcome>('send', messages, ports.queue.send, () => ports.queue.send(messages)),
    },
    items: {
      // A worker asks for the rows of each segment without objects: far too many requests for a history.
      read: (table, key) =>
        table === 'segments' && !process.isDead
          ? ports.items.read(table, key)
          : ask('read', () => ports.items.read(table, key)),
      update: (change) =>
        wire.request(process, {
          label: 'update',
          perform: () => ports.items.update(change),
          performAgain: () => ports.items.update(change),
          unanswered,
        }),
    },
  };
}

/** The lease of a worker at a moment, as the table has it. */
export type KnownLease = Pick<ObjectWrite, 'jobId' | 'taskId' | 'taskVersion' | 'leaseExpiresAt'>;

/** The object storage of one process; what it creates is written down. */
export function wiredObjects(
  {
    wire,
    process,
    objects,
    now,
    lease,
    writes,
  }: {
    readonly wire: Wire;
    readonly process: Process;
    readonly objects: ObjectStore;
    readonly now: () => number;
    readonly lease: () => Promise<KnownLease>;
    readonly writes: ObjectWrite[];
  },
  signal: AbortSignal,
): ObjectStore {
  const ask = <T>(label: Label, perform: () => Promise<T>, more: Partial<Exchange<T>> = {}): Promise<T> =>
    wire.request(process, { label, perform, unanswered, ...more }, signal);

  const create = (target: ObjectAddress, perform: () => Promise<'created' | 'refused'>) => {
    const sentAt = now();
    const held = lease();
    const recorded = async () => {
      const answer = await perform();
      if (answer === 'created') writes.push({ ...target, sentAt, ...(await held) });
      return answer;
    };
    return ask('create', recorded, { performAgain: recorded });
  };
  let listings = 0;

  return {
    async *list(bucket, prefix) {
      // The first of a run stands for the hundreds of a task.
      if (listings++ === 0) await ask('list', async () => undefined);
      if (process.isDead) throw new Error('the process died');
      yield* objects.list(bucket, prefix);
    },
    look: (at) => ask('look', () => objects.look(at)),
    read: (object, range) => ask('look', () => objects.read(object, range)),
    copy: (source, target) => create(target, () => objects.copy(source, target)),
    async openUpload(source, target) {
      const upload = await ask('part', () => objects.openUpload(source, target));
      return {
        copyPart: (number, range) => ask('part', () => upload.copyPart(number, range)),
        finish: (parts) => create(target, () => upload.finish(parts)),
        // Nobody is told of it, and a lifecycle rule does the same: not worth a request of a history.
        abort: async () => {
          if (!process.isDead) await upload.abort();
        },
      };
    },
  };
}
