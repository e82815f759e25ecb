import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createSubmit } from '../functions/submit/submit.ts';
import { HOUR, job, MINUTE, NOW, segment, task } from './support/builders.ts';
import { disturbedClients, embeddedWorld, type World } from './support/embedded-world.ts';
import { mappingsOf, RESTORE, submitTo } from './support/submit-world.ts';

const linesOf = (item: Record<string, unknown> | undefined): string[] =>
  gunzipSync(item?.mappings as Uint8Array)
    .toString()
    .trim()
    .split('\n');

/** A submit that ends after so many transactions, the job's own included. */
async function submitUntil(world: World, transactions: number, count: number): Promise<void> {
  let made = 0;
  const submit = submitTo(world, RESTORE, mappingsOf(count), {
    disturb: ({ operation, proceed }) => {
      if (operation === 'TransactWriteItems' && ++made > transactions) throw new Error('killed');
      return proceed();
    },
  });
  await expect(submit).rejects.toThrow('Submit the same again');
}

describe('a submit', () => {
  it('creates the job, a task per 98 mappings, and their targets, and starts the job', async () => {
    const world = await embeddedWorld();
    const result = await submitTo(world, RESTORE, mappingsOf(200));
    const totals = { segments: 200, tasks: 3, rows: 2_000, digest: expect.stringMatching(/^[0-9a-f]{64}$/) };
    expect(result).toEqual({ kind: 'submitted', state: 'Executing', totals });

    expect(await world.job()).toEqual({
      jobId: 1n,
      state: 'Executing',
      collectionId: 7n,
      createdAt: BigInt(NOW),
      timeoutAt: BigInt(NOW + 24 * HOUR),
      totalTasks: 3n,
      totalSegments: 200n,
      totalRows: 2_000n,
      mappingsDigest: result.kind === 'submitted' && result.totals.digest,
      source: RESTORE.source,
      target: RESTORE.target,
      sourceCollectionId: 6n,
      snapshotName: 'nightly_2026_11_21',
      dueShard: 1n,
      dueAt: BigInt(NOW),
    });
    const { tasks, segments } = await world.items();
    expect(tasks).toHaveLength(3);
    expect(tasks[2]).toEqual({
      jobId: 1n,
      taskId: 3n,
      state: 'Pending',
      collectionId: 7n,
      mappings: expect.any(Uint8Array),
      taskVersion: 0n,
      enqueueCount: 0n,
      createdAt: BigInt(NOW),
      dueShard: 3n,
      dueAt: BigInt(NOW),
    });
    expect(tasks.map((item) => linesOf(item).length)).toEqual([98, 98, 4]);
    expect(linesOf(tasks[2])[0]).toBe('1000197,197,3');
    expect(segments).toHaveLength(200);
    expect(segments[196]).toEqual({
      segmentId: 197n,
      state: 'Importing',
      isImporting: true,
      collectionId: 7n,
      partitionId: 3n,
      numOfRows: 10n,
      jobId: 1n,
      taskId: 3n,
      sourceSegmentId: 1_000_197n,
    });
  });

  it('writes the deadline that it is given, and nothing that it is not', async () => {
    const world = await embeddedWorld();
    const [mapping] = mappingsOf(1);
    await submitTo(world, { jobId: 1n, collectionId: 7n, timeoutAt: NOW + MINUTE }, [
      { ...mapping, numOfRows: undefined } as never,
    ]);
    expect(Object.keys((await world.job()) ?? {}).sort()).toEqual(
      [
        ...['jobId', 'state', 'collectionId', 'createdAt', 'timeoutAt', 'totalTasks', 'totalSegments'],
        ...['totalRows', 'mappingsDigest', 'dueShard', 'dueAt'],
      ].sort(),
    );
    expect(await world.job()).toMatchObject({ timeoutAt: BigInt(NOW + MINUTE), totalRows: 0n });
    expect(await world.segment(1n)).not.toHaveProperty('numOfRows');
  });

  it('takes segments of all partitions (L0): −1 is in the task and on the target', async () => {
    const world = await embeddedWorld();
    await submitTo(
      world,
      RESTORE,
      mappingsOf(1).map((mapping) => ({ ...mapping, partitionId: -1n })),
    );
    expect(linesOf(await world.task())).toEqual(['1000001,1,-1']);
    expect(await world.segment(1n)).toMatchObject({ partitionId: -1n });
  });

  it('takes the largest ids there are', async () => {
    const world = await embeddedWorld();
    const max = 2n ** 63n - 1n;
    const mapping = { sourceSegmentId: max, targetSegmentId: max - 1n, partitionId: max - 2n };
    await submitTo(world, { jobId: max, collectionId: max }, [mapping]);
    expect(await world.task(1n, max)).toMatchObject({ collectionId: max });
    expect(await world.segment(max - 1n)).toMatchObject({ sourceSegmentId: max, jobId: max });
  });

  it('without mappings is Completed at once, and out of the index', async () => {
    const world = await embeddedWorld();
    const result = await submitTo(world, RESTORE, []);
    expect(result).toMatchObject({
      kind: 'submitted',
      state: 'Completed',
      totals: { segments: 0, tasks: 0 },
    });
    const { jobs, tasks, segments } = await world.items();
    expect(jobs).toMatchObject([
      {
        state: 'Completed',
        reason: 'no segments to copy',
        completedAt: BigInt(NOW),
        expiresAt: BigInt(Math.floor(NOW / 1_000) + 30 * 24 * 3_600),
        totalTasks: 0n,
      },
    ]);
    expect(jobs[0]).not.toHaveProperty('dueAt');
    expect([...tasks, ...segments]).toEqual([]);
    expect(await submitTo(world, RESTORE, [])).toMatchObject({ kind: 'found', state: 'Completed' });
    expect((await world.items()).jobs).toEqual(jobs);
  });

  it('of 98 mappings is one task, of 99 two', async () => {
    const world = await embeddedWorld();
    await submitTo(world, RESTORE, mappingsOf(98));
    await submitTo(world, { ...RESTORE, jobId: 2n }, mappingsOf(99, 1_000));
    const { tasks } = await world.items();
    expect(tasks.map(({ jobId, taskId }) => `${jobId}/${taskId}`)).toEqual(['1/1', '2/1', '2/2']);
  });

  it('has its tasks enqueued by the next inspection', async () => {
    const world = await embeddedWorld();
    await submitTo(world, RESTORE, mappingsOf(200));
    await world.pass();
    const messages = await world.messages();
    expect(
      messages.map(({ jobId, taskId, taskVersion, reason }) => [jobId, taskId, taskVersion, reason]),
    ).toEqual(['1', '2', '3'].map((taskId) => ['1', taskId, 0, 'pending']));
    expect(await world.task(2n)).toMatchObject({ enqueueCount: 1n, dueAt: BigInt(NOW + 15 * MINUTE) });
  });

  it('that is not sealed yet has its tasks enqueued as well', async () => {
    const world = await embeddedWorld();
    await submitUntil(world, 2, 200);
    expect(await world.job()).toMatchObject({ state: 'Pending', dueAt: BigInt(NOW) });
    await world.pass();
    expect((await world.messages()).map(({ taskId }) => taskId)).toEqual(['1']);
  });
});

describe('a submit that finds its job', () => {
  it('Pending, without tasks, fills it', async () => {
    const world = await embeddedWorld();
    await submitUntil(world, 1, 200);
    expect(await submitTo(world, RESTORE, mappingsOf(200))).toMatchObject({
      kind: 'submitted',
      state: 'Executing',
      resumedAfterTaskId: 0n,
    });
    expect((await world.items()).segments).toHaveLength(200);
  });

  it('Pending resumes after its highest task, and writes nothing twice', async () => {
    const world = await embeddedWorld();
    await submitUntil(world, 3, 400);
    const before = await world.items();
    world.clock.now += MINUTE;
    const written: number[] = [];
    const result = await submitTo(world, RESTORE, mappingsOf(400), {
      disturb: ({ operation, input, proceed }) => {
        if (operation === 'TransactWriteItems') written.push((input.TransactItems as unknown[]).length);
        return proceed();
      },
    });
    expect(result).toMatchObject({ kind: 'submitted', resumedAfterTaskId: 2n });
    // One attempt to open the job, and the three tasks that were missing.
    expect(written).toEqual([100, 100, 10]);
    const { tasks, segments } = await world.items();
    expect(tasks.slice(0, 2)).toEqual(before.tasks);
    expect(tasks.map(({ createdAt }) => Number(createdAt) - NOW)).toEqual([0, 0, MINUTE, MINUTE, MINUTE]);
    expect(segments).toHaveLength(400);
    expect(await world.job()).toMatchObject({
      state: 'Executing',
      createdAt: BigInt(NOW),
      dueAt: BigInt(NOW + MINUTE),
    });
  });

  it('Pending with all of its tasks only seals it', async () => {
    const world = await embeddedWorld();
    const submit = submitTo(world, RESTORE, mappingsOf(100), {
      disturb: ({ operation, proceed }) => {
        if (operation === 'BatchExecuteStatement') throw new Error('killed');
        return proceed();
      },
    });
    await expect(submit).rejects.toThrow('killed');
    expect(await world.job()).toMatchObject({ state: 'Pending' });
    expect(await submitTo(world, RESTORE, mappingsOf(100))).toMatchObject({
      kind: 'submitted',
      resumedAfterTaskId: 2n,
    });
    expect(await world.job()).toMatchObject({ state: 'Executing' });
  });

  it.each(['Executing', 'Publishing', 'Completed', 'Failed'] as const)(
    '%s returns that, and writes nothing',
    async (state) => {
      const world = await embeddedWorld();
      await submitTo(world, RESTORE, mappingsOf(100));
      await world.put('jobs', {
        ...(await world.job()),
        state,
        ...(state === 'Failed' && { reason: 'timeout' }),
      });
      const before = await world.items();
      world.clock.now += HOUR;
      expect(await submitTo(world, RESTORE, mappingsOf(100))).toMatchObject({
        kind: 'found',
        state,
        ...(state === 'Failed' && { reason: 'timeout' }),
      });
      expect(await world.items()).toEqual(before);
    },
  );

  it.each([
    ['another target', (m: object) => ({ ...m, targetSegmentId: 500n })],
    ['another partition', (m: object) => ({ ...m, partitionId: 4n })],
    ['another number of rows', (m: object) => ({ ...m, numOfRows: 11 })],
  ])('with %s in a mapping refuses: conflict', async (_, change) => {
    const world = await embeddedWorld();
    await submitTo(world, RESTORE, mappingsOf(3));
    const before = await world.items();
    const other = mappingsOf(3).map((mapping, index) => (index === 2 ? change(mapping) : mapping));
    expect(await submitTo(world, RESTORE, other as never)).toEqual({
      kind: 'conflict',
      differences: ['mappingsDigest'],
    });
    expect(await world.items()).toEqual(before);
  });

  it('Pending with fewer mappings refuses: conflict', async () => {
    const world = await embeddedWorld();
    await submitUntil(world, 2, 200);
    const before = await world.items();
    expect(await submitTo(world, RESTORE, mappingsOf(199))).toMatchObject({ kind: 'conflict' });
    expect(await world.items()).toEqual(before);
  });

  it('with the same mappings from or to elsewhere refuses, and names what differs', async () => {
    const world = await embeddedWorld();
    await submitTo(world, RESTORE, mappingsOf(3));
    const other = { ...RESTORE, collectionId: 8n, target: { bucket: 'live', rootPath: 'others' } };
    expect(await submitTo(world, other, mappingsOf(3))).toEqual({
      kind: 'conflict',
      differences: ['collectionId', 'target'],
    });
  });

  it('under another name or deadline is the same', async () => {
    const world = await embeddedWorld();
    await submitTo(world, RESTORE, mappingsOf(3));
    const again = { ...RESTORE, snapshotName: 'weekly', timeoutAt: NOW + HOUR };
    expect(await submitTo(world, again, mappingsOf(3))).toMatchObject({ kind: 'found', state: 'Executing' });
  });

  it('as another writer made it refuses: conflict', async () => {
    const world = await embeddedWorld();
    await world.has(job({ state: 'Pending' }), task({ taskId: 4n, idMappings: null }));
    const before = await world.items();
    expect(await submitTo(world, { jobId: 1n, collectionId: 7n }, mappingsOf(3))).toEqual({
      kind: 'conflict',
      differences: ['mappingsDigest'],
    });
    expect(await world.items()).toEqual(before);
  });

  it('unreadable refuses: conflict', async () => {
    const world = await embeddedWorld();
    await world.has(job({ state: 'Restoring' as 'Pending' }));
    expect(await submitTo(world, RESTORE, mappingsOf(3))).toMatchObject({
      kind: 'conflict',
      differences: [expect.stringMatching(/cannot be read: state: must be one of/)],
    });
  });

  it('gone, with its tasks left behind, refuses: their targets may be live', async () => {
    const world = await embeddedWorld();
    await submitTo(world, RESTORE, mappingsOf(100));
    await world.remove('jobs', { jobId: 1n });
    const before = await world.items();
    for (const mappings of [mappingsOf(100), mappingsOf(100, 1_000)])
      expect(await submitTo(world, RESTORE, mappings)).toEqual({
        kind: 'conflict',
        differences: ['tasks of an earlier job of this id are there'],
      });
    expect(await world.items()).toEqual(before);
  });

  it('started by a checker before it was sealed is submitted all the same', async () => {
    const world = await embeddedWorld();
    const result = await submitTo(world, RESTORE, mappingsOf(100), {
      disturb: async ({ operation, proceed }) => {
        if (operation === 'BatchExecuteStatement')
          await world.put('jobs', { ...(await world.job()), state: 'Executing' });
        return proceed();
      },
    });
    expect(result).toMatchObject({ kind: 'submitted', state: 'Executing' });
  });

  it('failed by an operator while it is filled stops, and returns that', async () => {
    const world = await embeddedWorld();
    let transactions = 0;
    const result = await submitTo(world, RESTORE, mappingsOf(400), {
      disturb: async ({ operation, proceed }) => {
        if (operation === 'TransactWriteItems' && ++transactions === 3)
          await world.put('jobs', { ...(await world.job()), state: 'Failed', reason: 'cancelled by me' });
        return proceed();
      },
    });
    expect(result).toMatchObject({ kind: 'found', state: 'Failed', reason: 'cancelled by me' });
    expect((await world.items()).tasks).toHaveLength(1);
  });
});

describe('a target that exists already', () => {
  it.each([
    [
      'of another job',
      segment(150n, 'Flushed', { jobId: 9n }),
      'target 150 is Flushed already: it is of job 9',
    ],
    [
      'of no job',
      segment(150n, 'Growing', { jobId: null }),
      'target 150 is Growing already: no job allocated it',
    ],
  ])(
    '%s fails the job, naming it; the inspector drops the others, and leaves that one alone',
    async (_, taken, reason) => {
      const world = await embeddedWorld();
      await world.has(taken);
      const before = await world.segment(150n);
      expect(await submitTo(world, RESTORE, mappingsOf(300))).toMatchObject({ kind: 'failed', reason });
      expect(await world.job()).toMatchObject({
        state: 'Failed',
        reason,
        completedAt: BigInt(NOW),
        dueAt: BigInt(NOW),
      });
      expect((await world.items()).tasks).toHaveLength(1);

      await world.pass();
      const { segments } = await world.items();
      expect(segments).toHaveLength(99);
      for (const { segmentId, state } of segments)
        expect([segmentId, state]).toEqual([segmentId, segmentId === 150n ? before?.state : 'Dropped']);
      expect(await world.segment(150n)).toEqual(before);
      expect(await world.job()).toHaveProperty('segmentsDroppedAt');
      expect(await submitTo(world, RESTORE, mappingsOf(300))).toMatchObject({
        kind: 'found',
        state: 'Failed',
        reason,
      });
    },
  );

  it('of an earlier job of this id is left alone as well', async () => {
    const world = await embeddedWorld();
    await world.has(segment(3n, 'Flushed', { publishedAt: NOW - HOUR }));
    expect(await submitTo(world, RESTORE, mappingsOf(5))).toMatchObject({
      kind: 'failed',
      reason: 'target 3 is Flushed already: no task of this job has it',
    });
    await world.pass();
    expect(await world.segment(3n)).toMatchObject({ state: 'Flushed' });
    expect(await world.segment(1n)).toBeUndefined();
  });

  it('of several, the first is named', async () => {
    const world = await embeddedWorld();
    await world.has([8n, 4n, 6n].map((id) => segment(id, 'Flushed', { jobId: 9n })));
    expect(await submitTo(world, RESTORE, mappingsOf(10))).toMatchObject({
      reason: 'target 4 is Flushed already: it is of job 9',
    });
  });

  it('under a job that moved on meanwhile changes nothing about it', async () => {
    const world = await embeddedWorld();
    await world.has(segment(3n, 'Flushed', { jobId: 9n }));
    const result = await submitTo(world, RESTORE, mappingsOf(5), {
      disturb: async ({ operation, proceed }) => {
        if (operation === 'BatchExecuteStatement')
          await world.put('jobs', { ...(await world.job()), state: 'Failed', reason: 'cancelled by me' });
        return proceed();
      },
    });
    expect(result).toMatchObject({ kind: 'found', state: 'Failed', reason: 'cancelled by me' });
    expect(await world.job()).toMatchObject({ reason: 'cancelled by me' });
  });
});

describe('a submit that cannot go on', () => {
  it('says why, and that the same again resumes', async () => {
    const world = await embeddedWorld();
    const submit = submitTo(world, RESTORE, mappingsOf(200), {
      disturb: ({ operation, number, proceed }) => {
        if (operation === 'TransactWriteItems' && number > 3) throw new Error('no route to host');
        return proceed();
      },
    });
    await expect(submit).rejects.toThrow(
      'Task 2 of 3 could not be written: Error: no route to host. Submit the same again: it resumes where this one ended.',
    );
  });

  it('ends between two tasks when it is interrupted', async () => {
    const world = await embeddedWorld();
    const stop = new AbortController();
    const submit = submitTo(world, RESTORE, mappingsOf(400), {
      signal: stop.signal,
      onProgress: ({ segments }) => {
        if (segments === 196) stop.abort();
      },
    });
    await expect(submit).rejects.toThrow('Interrupted before task 3 of 5');
    expect((await world.items()).tasks).toHaveLength(2);
    expect(await submitTo(world, RESTORE, mappingsOf(400))).toMatchObject({ resumedAfterTaskId: 2n });
  });

  it('over a highest task that cannot be read does not guess', async () => {
    const world = await embeddedWorld();
    await submitUntil(world, 2, 200);
    await world.has(task({ taskId: 2n, idMappings: null, mappings: new Uint8Array([1, 2, 3]) }));
    const before = await world.items();
    await expect(submitTo(world, RESTORE, mappingsOf(200))).rejects.toThrow('Task 2 of job 1 cannot be read');
    expect(await world.items()).toEqual(before);
  });

  it('fails the job when the mappings change between the two readings', async () => {
    const world = await embeddedWorld();
    const readings = [mappingsOf(200), mappingsOf(200, 1_000)];
    const submit = createSubmit({ ...disturbedClients(), tables: world.tables, now: () => NOW });
    const reason = 'the mappings changed while they were submitted';
    expect(await submit(RESTORE, () => readings.shift() ?? [])).toMatchObject({ kind: 'failed', reason });
    expect(await world.job()).toMatchObject({ state: 'Failed', reason });
  });
});
