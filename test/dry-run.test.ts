import { describe, expect, it } from 'vitest';
import { job, segment, task } from './support/builders.ts';
import { embeddedWorld } from './support/embedded-world.ts';
import { everySituation } from './support/every-situation.ts';

describe('a dry run', () => {
  it('counts a target that two tasks share once as dropped', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      [1n, 2n].map((taskId) => task({ taskId, state: 'Failed', targets: [11n] })),
      segment(11n),
    );
    const { segments } = await world.pass({ dryRun: true });
    expect(segments).toEqual((await world.pass()).segments);
    expect(segments).toMatchObject({ dropped: 1, alreadyDropped: 1 });
  });

  it.each([{ mode: 'inspect' }, { mode: 'recover' }])(
    'of %o reports what the pass would do, and does none of it',
    async (event) => {
      const world = await embeddedWorld();
      await world.has(everySituation());
      const before = await world.items();
      const dry = await world.pass({ ...event, dryRun: true });
      expect(await world.items()).toEqual(before);
      expect(await world.messages()).toEqual([]);
      expect(dry.requests.byOperation).not.toHaveProperty('BatchExecuteStatement');
      expect(dry.requests.byOperation).not.toHaveProperty('UpdateItem');
      expect(dry.requests.byOperation).not.toHaveProperty('SendMessageBatch');
      expect(dry.capacity.writeUnits).toBe(0);

      const real = await world.pass(event);
      const comparable = ({ passId, dryRun, durationMs, read, requests, capacity, ...rest }: typeof real) =>
        rest;
      expect(comparable(dry)).toEqual(comparable(real));
      expect(dry.dryRun).toBe(true);
      expect(real.segments.dropped).toBeGreaterThan(0);
      expect(real.tasks.enqueued).toBeGreaterThan(0);
    },
  );
});
