import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isKnownToDiffer } from '../../engines/known-differences.ts';
import type { World } from '../../engines/world.ts';
import type { Change } from '../../functions/copy-segment/change.ts';
import { packMappings } from '../../functions/copy-segment/mappings.ts';
import type { WriteOutcome } from '../../functions/copy-segment/stores.ts';
import { readTask, type Task } from '../../functions/copy-segment/task.ts';
import { enqueued, released, rested } from '../../functions/copy-segment/task-changes.ts';
import { adaptersOn } from '../support/adapters.ts';
import { expired, NOW, segment, task } from '../support/builders.ts';
import { describeOnEveryEngine } from '../support/dynamo-engines.ts';
import { asRead } from '../support/every-change.ts';

const done: WriteOutcome = { kind: 'done' };

/** A change that holds for any segment that is there and Importing. */
const renamed = (segmentId: unknown, dropReason: unknown = 'renamed'): Change =>
  ({
    table: 'segments',
    key: { segmentId },
    if: { state: 'Importing' },
    set: { dropReason },
    remove: [],
  }) as Change;

describeOnEveryEngine((engine) => {
  let world: World;
  let firstId = 0n;
  beforeAll(async () => {
    world = await engine.createWorld();
  });
  afterAll(() => world.destroy());

  /** Segments that no other test has, Importing. */
  const segments = async (count: number): Promise<bigint[]> => {
    firstId += 1_000n;
    const ids = Array.from({ length: count }, (_, index) => firstId + BigInt(index));
    await world.load(ids.map((id) => segment(id)));
    return ids;
  };
  const reasonsOf = async (ids: readonly bigint[]): Promise<unknown[]> => {
    const all = (await world.items()).segments;
    return ids.map((id) => all.find(({ segmentId }) => segmentId === id)?.dropReason);
  };

  describe('a batch of changes', () => {
    it('of more than a request takes is made whole, in as many requests as it takes', async () => {
      const ids = await segments(60);
      const { write, meter } = adaptersOn(world);
      expect(await write(ids.map((id) => renamed(id)))).toEqual(ids.map(() => done));
      expect(await reasonsOf(ids)).toEqual(ids.map(() => 'renamed'));
      expect(meter.requests).toEqual({ BatchExecuteStatement: 3 });
    });

    it('has its outcomes in its own order, whichever of them fails', async () => {
      const ids = await segments(30);
      await world.load(ids.filter((id) => id % 3n === 0n).map((id) => segment(id, 'Dropped')));
      const kinds = (await adaptersOn(world).write(ids.map((id) => renamed(id)))).map(({ kind }) => kind);
      expect(kinds).toEqual(ids.map((id) => (id % 3n === 0n ? 'conditionFailed' : 'done')));
    });

    const POISONS: [string, (id: bigint) => Change][] = [
      ['a number that no table can hold', (id) => renamed(id, 10n ** 130n)],
      ['a number that the SDK cannot send', (id) => renamed(id, 1e300)],
      ['a value of a type that no table has', (id) => renamed(id, new Date(0))],
      ['an item of more than 400 kB', (id) => renamed(id, 'x'.repeat(410 * 1024))],
      ['nothing to change', (id) => ({ ...renamed(id), set: {} }) as Change],
      ['no table', (id) => ({ ...renamed(id), table: 'none' }) as unknown as Change],
    ];
    it.each(POISONS)('is made but for the one change with %s', async (_, poisoned) => {
      const ids = await segments(5);
      const changes = ids.map((id, index) => (index === 2 ? poisoned(id) : renamed(id)));
      const outcomes = await adaptersOn(world).write(changes);
      expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'done', 'failed', 'done', 'done']);
      expect(await reasonsOf(ids)).toEqual(['renamed', 'renamed', undefined, 'renamed', 'renamed']);
    });

    it('is made but for a change whose text ends in half an emoji, if the engine refuses it', async () => {
      const ids = await segments(3);
      const half = '💥'.slice(0, 1);
      const outcomes = await adaptersOn(world).write(
        ids.map((id, index) => renamed(id, index === 1 ? half : 'whole 💥')),
      );
      const isTaken = isKnownToDiffer(engine.name, 'half a surrogate pair is refused');
      expect(outcomes.map(({ kind }) => kind)).toEqual(['done', isTaken ? 'done' : 'failed', 'done']);
      expect(await reasonsOf(ids)).toEqual(['whole 💥', isTaken ? half : undefined, 'whole 💥']);
    });

    it('is made but for a change whose key is no number, whatever the engine says of it', async () => {
      const ids = await segments(3);
      const outcomes = await adaptersOn(world).write(
        ids.map((id, index) => renamed(index === 1 ? String(id) : id)),
      );
      const isOverlooked = isKnownToDiffer(engine.name, 'a key of another type is refused');
      expect(outcomes.map(({ kind }) => kind)).toEqual([
        'done',
        isOverlooked ? 'conditionFailed' : 'failed',
        'done',
      ]);
      expect(await reasonsOf(ids)).toEqual(['renamed', undefined, 'renamed']);
    });

    it('is made even if it holds two changes of the same item, which DynamoDB refuses in one request', async () => {
      const [id = 0n, sibling = 0n] = await segments(2);
      const again = { ...renamed(id), set: { droppedAt: NOW } } as Change;
      const outcomes = await adaptersOn(world).write([renamed(id), renamed(sibling), again]);
      expect(outcomes).toEqual([done, done, done]);
      const changed = (await world.items()).segments.find(({ segmentId }) => segmentId === id);
      expect(changed).toMatchObject({ dropReason: 'renamed', droppedAt: BigInt(NOW) });
    });

    it('tells of each failed condition which item it found, if the engine does', async () => {
      const [id = 0n] = await segments(1);
      await world.load([segment(id, 'Dropped', { jobId: 2n ** 53n + 1n, droppedAt: NOW })]);
      const item = asRead(segment(id, 'Dropped', { jobId: 2n ** 53n + 1n, droppedAt: NOW }).item);
      const isSilent = isKnownToDiffer(engine.name, 'a failed condition of a statement returns the item');
      expect(await adaptersOn(world).write([renamed(id)])).toEqual([
        { kind: 'conditionFailed', ...(!isSilent && { item }) },
      ]);
    });
  });

  describe('the changes of tasks', () => {
    const inState = async (rows: ReturnType<typeof task>[]): Promise<Task[]> => {
      await world.load(rows);
      return rows.map(({ item }) => {
        const reading = readTask(asRead(item));
        if (!reading.ok) throw new Error(reading.reason);
        return reading.value;
      });
    };
    const release = (read: Task): Change => released(read as Parameters<typeof released>[0], NOW, 4);
    const enqueue = (read: Task): Change => enqueued(read as Parameters<typeof enqueued>[0], NOW, 4);

    it('go together even if they remove several attributes, where the engine takes that', async () => {
      const rows = Array.from({ length: 6 }, (_, index) => task({ taskId: BigInt(index + 1), ...expired }));
      const tasks = await inState(rows);
      const { write, traits, meter } = adaptersOn(world);
      expect(await write(tasks.map(release))).toEqual(tasks.map(() => done));
      for (const item of (await world.items()).tasks)
        expect(item).toMatchObject({ state: 'Pending', taskVersion: 2n, enqueueCount: 0n });
      for (const item of (await world.items()).tasks) {
        expect(item).not.toHaveProperty('nodeId');
        expect(item).not.toHaveProperty('leaseExpiresAt');
      }
      const takesThem = !isKnownToDiffer(engine.name, 'PartiQL takes several REMOVE clauses');
      expect(traits.takesSeveralRemoves).toBe(takesThem);
      expect(meter.requests).toEqual({ BatchExecuteStatement: 1, ...(!takesThem && { UpdateItem: 6 }) });
    });

    it('leave the compact mappings as they were, byte by byte', async () => {
      const mappings = packMappings([
        { sourceSegmentId: 2n ** 63n - 1n, targetSegmentId: 2n ** 53n + 1n, partitionId: -1n },
      ]);
      const [read] = await inState([task({ jobId: 2n, idMappings: null, mappings })]);
      await adaptersOn(world).write([enqueue(read as Task)]);
      const item = (await world.items()).tasks.find(({ jobId }) => jobId === 2n);
      expect(Buffer.from(item?.mappings as Uint8Array)).toEqual(Buffer.from(mappings));
      expect(readTask(item ?? {})).toMatchObject({
        value: { targetSegmentIds: [2n ** 53n + 1n], enqueueCount: 1 },
      });
    });

    // 1 unit per kB for the item, and for its entry in the index: one to delete the old, one to write the new.
    it('cost what DynamoDB charges: the whole item and its index, if the engine tells', async () => {
      const isSilent = isKnownToDiffer(engine.name, 'a batch of statements tells what it consumed');
      const unitsOf = async (make: (read: Task) => Change, row: ReturnType<typeof task>): Promise<number> => {
        const [read] = await inState([row]);
        const { write, meter } = adaptersOn(world);
        expect(await write([make(read as Task)])).toEqual([done]);
        return meter.capacity.writeUnits;
      };
      const units = (item: number, index: number): number => (isSilent ? 0 : item + index);
      expect(await unitsOf(enqueue, task({ jobId: 3n }))).toBe(units(1, 2));
      expect(await unitsOf(rested, task({ jobId: 3n }))).toBe(units(1, 1));
      const large = task({ jobId: 3n, reason: 'x'.repeat(9_500) });
      expect(await unitsOf(enqueue, large)).toBe(units(10, 2));
    });
  });
});
