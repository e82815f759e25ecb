import { DeleteCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { World } from '../../engines/world.ts';
import type { Change } from '../../functions/copy-segment/change.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import type { WriteOutcome } from '../../functions/copy-segment/stores.ts';
import { adaptersOn } from '../support/adapters.ts';
import type { Row } from '../support/builders.ts';
import { describeOnEveryEngine } from '../support/dynamo-engines.ts';
import {
  asRead,
  CHANGE_BUILDERS,
  type ChangeCase,
  EVERY_CHANGE,
  isOfIndex,
  itemAfter,
  neighbourOf,
  violationsOf,
} from '../support/every-change.ts';

it('there is a case for every change that anything makes', () => {
  const covered = new Set(EVERY_CHANGE.map(({ title }) => title.split(',')[0]));
  expect([...covered].sort()).toEqual([...CHANGE_BUILDERS].sort());
});

/** The two calls that carry a change: a batch of statements, and an update of its own for what an engine's PartiQL lacks. */
const CALLS = [
  { call: 'by a statement', takesSeveralRemoves: true, carries: () => true },
  {
    call: 'by an update',
    takesSeveralRemoves: false,
    carries: ({ row, make }: ChangeCase) => make(asRead(row.item)).remove.length > 1,
  },
];

describeOnEveryEngine((engine) => {
  let world: World;
  beforeAll(async () => {
    world = await engine.createWorld();
  });
  afterAll(() => world.destroy());

  describe.each(CALLS)('a change $call', ({ takesSeveralRemoves, carries }) => {
    const write = async (change: Change): Promise<WriteOutcome | undefined> =>
      (await adaptersOn(world, { takesSeveralRemoves }).write([change]))[0];

    describe.each(EVERY_CHANGE.filter(carries))('$title', ({ row, make }) => {
      const { if: conditions } = make(asRead(row.item));

      it('is made when its conditions hold, to its item and no other', async () => {
        const neighbour = neighbourOf(row);
        await Promise.all([put(row), put(neighbour)]);
        const before = await itemOf(row);
        const change = make(before as Item);
        expect(await write(change)).toEqual({ kind: 'done' });
        expect(await itemOf(row)).toEqual(itemAfter(before as Item, change));
        expect(await itemOf(neighbour)).toEqual(asRead(neighbour.item));
      });

      it('is refused when the item is not there, and creates none', async () => {
        await remove(row);
        expect(await write(make(asRead(row.item)))).toEqual({ kind: 'conditionFailed' });
        expect(await itemOf(row)).toBeUndefined();
      });

      const violations = Object.entries(conditions).flatMap(([name, condition]) =>
        violationsOf(name, condition).map(([what, value]) => ({ name, what, value })),
      );
      it.each(violations)('is refused when $name is $what instead', async ({ name, value }) => {
        await put(row);
        const change = make((await itemOf(row)) as Item);
        const other = { ...row, item: { ...row.item, [name]: value } };
        await put(other);
        expect(await write(change)).toMatchObject({ kind: 'conditionFailed' });
        expect(await itemOf(row)).toEqual(asRead(other.item));
      });

      const nullable = Object.keys(conditions).filter((name) => !isOfIndex(name));
      it.each(nullable)(
        'on the condition that %s is NULL is made on NULL, and on nothing else',
        async (name) => {
          const withNull = { ...row, item: { ...row.item, [name]: null } };
          await put(withNull);
          const before = (await itemOf(row)) as Item;
          const made = make(asRead(row.item));
          const change = { ...made, if: { ...made.if, [name]: before[name] } } as Change;
          for (const [, value] of violationsOf(name, null)) {
            const other = { ...row, item: { ...row.item, [name]: value } };
            await put(other);
            expect(await write(change)).toMatchObject({ kind: 'conditionFailed' });
            expect(await itemOf(row)).toEqual(asRead(other.item));
          }
          await put(withNull);
          expect(await write(change)).toEqual({ kind: 'done' });
          expect(await itemOf(row)).toEqual(itemAfter(before, change));
        },
      );
    });
  });

  const put = ({ table, item }: Row) =>
    world.dynamo.send(
      new PutCommand({ TableName: world.tables[table], Item: asRead(item) as Record<string, unknown> }),
    );
  const remove = (row: Row) => world.dynamo.send(new DeleteCommand(keyOf(row)));
  const itemOf = async (row: Row): Promise<Item | undefined> =>
    (await world.dynamo.send(new GetCommand({ ...keyOf(row), ConsistentRead: true }))).Item;
  const keyOf = ({ table, item }: Row) => ({
    TableName: world.tables[table],
    Key: {
      jobs: { jobId: item.jobId },
      tasks: { jobId: item.jobId, taskId: item.taskId },
      segments: { segmentId: item.segmentId },
    }[table],
  });
});
