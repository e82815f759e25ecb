import { describe, expect, it } from 'vitest';
import { HOUR, NOW } from './support/builders.ts';
import { type Disturbance, embeddedWorld, type Message, type World } from './support/embedded-world.ts';
import { everySituation } from './support/every-situation.ts';

/** What a message asks for; sent twice, or with another reason, it asks for the same. */
const wanted = (messages: readonly Message[]): string[] =>
  [
    ...new Set(
      messages.map(({ jobId, taskId, taskVersion, attempt }) =>
        [jobId, taskId, taskVersion, attempt].join('/'),
      ),
    ),
  ].sort();

async function worldOf(records = everySituation()): Promise<World> {
  const world = await embeddedWorld();
  await world.has(records);
  return world;
}

const endOf = async (world: World) => ({
  items: await world.items(),
  wanted: wanted(await world.messages()),
});

/** The process dies at the n-th request: before it leaves, or after it took effect and before its answer. */
const crashAt =
  (n: number, moment: 'before' | 'after'): Disturbance =>
  async ({ number, proceed }) => {
    if (number > n || (number === n && moment === 'before')) throw new Error('crashed');
    const answer = await proceed();
    if (number === n) throw new Error('crashed');
    return answer;
  };

describe('a crash is harmless', () => {
  it.each([
    ['inspect', 'before'],
    ['inspect', 'after'],
    ['recover', 'before'],
    ['recover', 'after'],
  ] as const)(
    '%s: stopped %s any request, one more pass ends as if nothing had happened',
    async (mode, moment) => {
      const undisturbed = await worldOf();
      let requests = 0;
      const counting: Disturbance = ({ number, proceed }) => {
        requests = number;
        return proceed();
      };
      await undisturbed.pass({ mode }, { disturb: counting });
      // Recovery enqueues again what is still in progress: it is the second pass that is one too many, not the crash.
      if (mode === 'recover') await undisturbed.pass();
      const expected = await endOf(undisturbed);
      expect(requests).toBeGreaterThan(15);

      for (let n = 1; n <= requests; n++) {
        const world = await worldOf();
        await world.pass({ mode }, { disturb: crashAt(n, moment) }).catch(() => {});
        await world.pass({ mode });
        const { items, wanted: asked } = await endOf(world);
        if (mode === 'inspect') expect({ items, wanted: asked }, `crashed at request ${n}`).toEqual(expected);
        else expect(withoutCounts(items), `crashed at request ${n}`).toEqual(withoutCounts(expected.items));
      }
    },
  );

  /** Two recoveries in a row remind the scheduler twice, which is what they are for. */
  const withoutCounts = ({ tasks, ...others }: Awaited<ReturnType<World['items']>>) => ({
    ...others,
    tasks: tasks.map(({ enqueueCount, enqueuedAt, dueAt, ...item }) => ({
      ...item,
      isDue: dueAt !== undefined,
    })),
  });
});

describe('overlap is harmless', () => {
  it.each(['inspect', 'recover'] as const)(
    '%s: several passes at once end in the same state as one',
    async (mode) => {
      const alone = await worldOf();
      await alone.pass({ mode });
      const together = await worldOf();
      await Promise.all([1, 2, 3, 4].map(() => together.pass({ mode })));
      const [one, many] = [await endOf(alone), await endOf(together)];
      if (mode === 'inspect') expect(many.items).toEqual(one.items);
      expect(many.items.segments).toEqual(one.items.segments);
      expect(many.items.jobs).toEqual(one.items.jobs);
    },
  );

  it('drops each segment once, with the time of the first drop', async () => {
    const world = await worldOf();
    const reports = await Promise.all([world.pass(), world.pass(), world.pass()]);
    const dropped = reports.reduce((sum, report) => sum + report.segments.dropped, 0);
    const { segments } = await world.items();
    expect(dropped).toBe(segments.filter(({ dropReason }) => dropReason && dropReason !== 'by hand').length);
    world.clock.now += HOUR;
    await world.pass({ mode: 'recover' });
    expect((await world.items()).segments).toEqual(segments);
  });
});

describe('a message is sent for what is Pending only, and only of a running job', () => {
  it('whatever else there is', async () => {
    const world = await worldOf();
    await world.pass();
    const sent = (await world.messages()).map(({ taskId }) => Number(taskId));
    expect(sent).toEqual([101, 103, 401]);
    expect(NOW).toBe(world.clock.now);
  });
});
