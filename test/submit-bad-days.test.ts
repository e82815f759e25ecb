import { describe, expect, it } from 'vitest';
import { createTransact } from '../functions/aws/transact.ts';
import { readMappings } from '../functions/copy-segment/mappings.ts';
import { filled } from '../functions/copy-segment/submission.ts';
import { segment } from './support/builders.ts';
import { cancelled } from './support/cancelled.ts';
import { type Disturbance, disturbedClients, embeddedWorld } from './support/embedded-world.ts';
import { mappingsOf, RESTORE, submitTo } from './support/submit-world.ts';

/** The process dies at the n-th request: before it leaves, or after it took effect and before its answer. */
const killedAt =
  (n: number, moment: 'before' | 'after'): Disturbance =>
  async ({ number, proceed }) => {
    if (number > n || (number === n && moment === 'before')) throw new Error('killed');
    const answer = await proceed();
    if (number === n) throw new Error('killed');
    return answer;
  };

/** Requests of an undisturbed submit, and what it leaves behind. */
async function undisturbed(taken: bigint | undefined, count: number) {
  const world = await worldWith(taken);
  let requests = 0;
  await submitTo(world, RESTORE, mappingsOf(count), {
    disturb: ({ number, proceed }) => {
      requests = number;
      return proceed();
    },
  });
  return { requests, items: await world.items() };
}

async function worldWith(taken: bigint | undefined) {
  const world = await embeddedWorld();
  if (taken !== undefined) await world.has(segment(taken, 'Flushed', { jobId: 9n }));
  return world;
}

describe('a submit that is killed', () => {
  it.each([
    ['before', 'of a job that is filled', undefined],
    ['after', 'of a job that is filled', undefined],
    ['before', 'of a job that fails over a target', 250n],
    ['after', 'of a job that fails over a target', 250n],
  ] as const)('%s any request, %s, and repeated ends in the same items', async (moment, _, taken) => {
    const expected = await undisturbed(taken, 300);
    expect(expected.requests).toBeGreaterThanOrEqual(7);
    for (let n = 1; n <= expected.requests; n++) {
      const world = await worldWith(taken);
      await submitTo(world, RESTORE, mappingsOf(300), { disturb: killedAt(n, moment) }).catch(() => {});
      await submitTo(world, RESTORE, mappingsOf(300));
      expect(await world.items(), `killed ${moment} request ${n}`).toEqual(expected.items);
    }
  });

  it('again and again, getting one task further each time, ends in the same items', async () => {
    const { items } = await undisturbed(undefined, 500);
    const world = await embeddedWorld();
    const kinds: string[] = [];
    for (let attempt = 1; kinds.length === 0; attempt++) {
      expect(attempt).toBeLessThan(20);
      let created = 0;
      await submitTo(world, RESTORE, mappingsOf(500), {
        disturb: async ({ operation, input, proceed }) => {
          const isTask = operation === 'TransactWriteItems' && (input.TransactItems as unknown[]).length > 1;
          if (isTask && ++created > 1) throw new Error('killed');
          return proceed();
        },
      }).then(
        ({ kind }) => kinds.push(kind),
        () => {},
      );
    }
    expect(kinds).toEqual(['submitted']);
    expect(await world.items()).toEqual(items);
  });
});

describe('several submits at once', () => {
  it('of the same job end in the items of one', async () => {
    const { items } = await undisturbed(undefined, 1_000);
    const world = await embeddedWorld();
    const results = await Promise.all([1, 2, 3].map(() => submitTo(world, RESTORE, mappingsOf(1_000))));
    for (const result of results)
      expect(result).toMatchObject({
        kind: expect.stringMatching(/^(submitted|found)$/),
        state: 'Executing',
      });
    expect(await world.items()).toEqual(items);
  });

  it('of the same job, in step, take turns: whoever comes late goes on after the tasks that are there', async () => {
    const { items } = await undisturbed(undefined, 500);
    const world = await embeddedWorld();
    // Before each task of the first submit, the second one writes the next tasks.
    let writers = 0;
    const result = await submitTo(world, RESTORE, mappingsOf(500), {
      disturb: async ({ operation, input, proceed }) => {
        const isTask = operation === 'TransactWriteItems' && (input.TransactItems as unknown[]).length > 1;
        if (!isTask || writers === 2) return proceed();
        writers++;
        let created = 0;
        await submitTo(world, RESTORE, mappingsOf(500), {
          disturb: (call) => {
            const parts = (call.input.TransactItems ?? []) as unknown[];
            if (parts.length > 1 && ++created > 2) throw new Error('killed');
            return call.proceed();
          },
        }).catch(() => {});
        return proceed();
      },
    });
    expect(result).toMatchObject({ kind: 'submitted', state: 'Executing' });
    expect(writers).toBe(2);
    expect(await world.items()).toEqual(items);
  });

  it('of the same job in tasks of another size leave no mapping out', async () => {
    const world = await embeddedWorld();
    const { dynamo } = disturbedClients();
    const transact = createTransact({ dynamo, signal: new AbortController().signal }, world.tables);
    let transactions = 0;
    await submitTo(world, RESTORE, mappingsOf(150), {
      disturb: async ({ operation, proceed }) => {
        if (operation === 'TransactWriteItems' && ++transactions === 2)
          await transact(filled(RESTORE, 1n, mappingsOf(60), world.clock.now, 4));
        return proceed();
      },
    });
    const { tasks, segments } = await world.items();
    expect(tasks.map((item) => readMappings(item).targetSegmentIds.length)).toEqual([60, 90]);
    expect(segments).toHaveLength(150);
    expect(await world.job()).toMatchObject({ state: 'Executing' });
  });

  it('of two jobs that share a target: one of them has all of its segments, the other one fails and leaves none', async () => {
    const world = await embeddedWorld();
    const mappings = [mappingsOf(300), mappingsOf(300, 290)];
    const results = await Promise.all(
      [1n, 2n].map((jobId, index) => submitTo(world, { ...RESTORE, jobId }, mappings[index] ?? [])),
    );
    const winner = results.findIndex(({ kind }) => kind === 'submitted');
    expect(results.map(({ kind }) => kind).sort()).toEqual(['failed', 'submitted']);
    expect(results[1 - winner]).toMatchObject({
      reason: expect.stringMatching(/^target (29\d|300) is Importing already: it is of job [12]$/),
    });

    await world.pass();
    const owner = BigInt(winner + 1);
    const { segments } = await world.items();
    const alive = segments.filter(({ state }) => state === 'Importing');
    expect(alive).toHaveLength(300);
    expect(new Set(alive.map(({ jobId }) => jobId))).toEqual(new Set([owner]));
    expect(await world.job(owner)).toMatchObject({ state: 'Executing' });
    expect(await world.job(3n - owner)).toMatchObject({
      state: 'Failed',
      segmentsDroppedAt: expect.anything(),
    });
  });

  it('of one id with different mappings: one fills it, the other one is told of the conflict', async () => {
    const world = await embeddedWorld();
    const results = await Promise.all(
      [1, 1_001].map((first) => submitTo(world, RESTORE, mappingsOf(200, first))),
    );
    expect(results.map(({ kind }) => kind).sort()).toEqual(['conflict', 'submitted']);
    expect((await world.items()).segments).toHaveLength(200);
  });
});

describe('conflicts and throttling', () => {
  const TRANSIENT = [
    ['TransactionConflict'],
    ['ThrottlingError'],
    ['ThrottlingError', 'None', 'TransactionConflict'],
  ].map((codes) => ({ codes, named: codes.join(', ') }));

  it.each(TRANSIENT)('that cancel each transaction once ($named) are tried again', async ({ codes }) => {
    const { items } = await undisturbed(undefined, 300);
    const world = await embeddedWorld();
    const seen = new Set<string>();
    const result = await submitTo(world, RESTORE, mappingsOf(300), {
      disturb: ({ operation, input, proceed }) => {
        if (operation !== 'TransactWriteItems') return proceed();
        const parts = input.TransactItems as { Put?: { Item: unknown } }[];
        const key = JSON.stringify(parts[1] ?? parts[0], (_, value) =>
          typeof value === 'bigint' ? String(value) : value,
        );
        if (seen.has(key)) return proceed();
        seen.add(key);
        throw cancelled(parts.map((_, index) => codes[index] ?? 'None'));
      },
    });
    expect(result).toMatchObject({ kind: 'submitted', state: 'Executing' });
    expect(result).not.toHaveProperty('resumedAfterTaskId');
    expect(seen.size).toBe(5);
    expect(await world.items()).toEqual(items);
  });

  it.each(TRANSIENT)(
    'mixed with a failed condition ($named): the condition is looked into',
    async ({ codes }) => {
      const world = await embeddedWorld();
      await world.has(segment(250n, 'Flushed', { jobId: 9n }));
      let isMixed = false;
      const result = await submitTo(world, RESTORE, mappingsOf(300), {
        disturb: async ({ operation, proceed }) => {
          if (operation !== 'TransactWriteItems') return proceed();
          try {
            return await proceed();
          } catch (error) {
            const { CancellationReasons: reasons } = error as { CancellationReasons: { Code: string }[] };
            isMixed = true;
            throw cancelled(
              reasons.map(({ Code }, index) => (Code === 'None' ? (codes[index] ?? 'None') : Code)),
            );
          }
        },
      });
      expect(isMixed).toBe(true);
      expect(result).toMatchObject({
        kind: 'failed',
        reason: 'target 250 is Flushed already: it is of job 9',
      });
    },
  );

  it('mixed with a condition that a concurrent submit of the job has failed: this one goes on after its task', async () => {
    const { items } = await undisturbed(undefined, 300);
    const world = await embeddedWorld();
    let transactions = 0;
    const result = await submitTo(world, RESTORE, mappingsOf(300), {
      disturb: async ({ operation, input, proceed }) => {
        if (operation !== 'TransactWriteItems' || ++transactions !== 3) return proceed();
        await proceed();
        const codes = (input.TransactItems as unknown[]).map(() => 'ThrottlingError');
        throw cancelled(['TransactionConflict', 'ConditionalCheckFailed', ...codes.slice(2)]);
      },
    });
    expect(result).toMatchObject({ kind: 'submitted' });
    expect(await world.items()).toEqual(items);
  });

  it('a failed condition that cannot be found again is tried again, a few times', async () => {
    const world = await embeddedWorld();
    let refusals = 0;
    const result = await submitTo(world, RESTORE, mappingsOf(10), {
      disturb: ({ operation, input, proceed }) => {
        const parts = (input.TransactItems ?? []) as unknown[];
        if (operation !== 'TransactWriteItems' || parts.length === 1 || refusals === 3) return proceed();
        refusals++;
        throw cancelled(parts.map((_, index) => (index === 2 ? 'ConditionalCheckFailed' : 'None')));
      },
    });
    expect(refusals).toBe(3);
    expect(result).toMatchObject({ kind: 'submitted' });
  });
});
