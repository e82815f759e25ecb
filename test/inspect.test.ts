import { describe, expect, it } from 'vitest';
import { expired, HOUR, job, leased, MINUTE, NOW, segment, task } from './support/builders.ts';
import { embeddedWorld } from './support/embedded-world.ts';

describe('a Pending task', () => {
  it.each(['Pending', 'Executing', 'Publishing'] as const)(
    'of a job that is %s is enqueued',
    async (state) => {
      const world = await embeddedWorld();
      await world.has(job({ jobId: 5n, state }), task({ jobId: 5n, taskId: 6n }));
      await world.pass();
      expect(await world.messages()).toEqual([
        {
          schema: 1,
          jobId: '5',
          taskId: '6',
          collectionId: '7',
          taskVersion: 0,
          attempt: 1,
          reason: 'pending',
          enqueuedAt: NOW,
        },
      ]);
      expect(await world.task(6n, 5n)).toMatchObject({
        state: 'Pending',
        taskVersion: 0n,
        enqueueCount: 1n,
        enqueuedAt: BigInt(NOW),
        dueAt: BigInt(NOW + 15 * MINUTE),
        dueShard: 2n,
      });
    },
  );

  it.each([
    ['Completed', 'Importing'],
    ['Failed', 'Dropped'],
  ] as const)(
    'of a job that is %s leaves the index and is otherwise untouched; its target is %s',
    async (state, target) => {
      const world = await embeddedWorld();
      await world.has(job({ state }), task({ targets: [11n] }), segment(11n));
      const before = (await world.task()) as object;
      await world.pass();
      const { dueAt: _, ...untouched } = before as { dueAt?: bigint };
      expect(await world.task()).toEqual(untouched);
      expect(await world.messages()).toEqual([]);
      expect(await world.segment(11n)).toMatchObject({ state: target });
    },
  );

  it.each([{}, { mode: 'recover' }])(
    'created after its job failed and was settled has its targets dropped: %o',
    async (event) => {
      const world = await embeddedWorld();
      await world.has(
        job({ state: 'Failed', segmentsDroppedAt: NOW - HOUR }),
        task({ taskId: 1n, targets: [11n] }),
        task({ taskId: 2n, state: 'Completed', targets: [12n], dueAt: NOW - MINUTE }),
        task({ taskId: 3n, ...leased, targets: [13n], dueAt: NOW - MINUTE }),
        [11n, 12n, 13n].map((id) => segment(id)),
      );
      await world.pass(event);
      const { tasks, segments } = await world.items();
      expect(segments.map(({ state }) => state)).toEqual(['Dropped', 'Dropped', 'Dropped']);
      expect(tasks.map(({ state }) => state)).toEqual(['Pending', 'Completed', 'InProgress']);
      for (const item of tasks) expect(item).not.toHaveProperty('dueAt');
    },
  );

  it('that waits in the queue is not looked at before its backoff is over', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task());
    const sent: (number | undefined)[] = [];
    for (const minutes of [0, 14, 15, 44, 45, 105, 225, 465, 824, 825]) {
      world.clock.now = NOW + minutes * MINUTE;
      await world.pass();
      sent.push((await world.messages())[0]?.attempt);
    }
    expect(sent).toEqual([1, undefined, 2, undefined, 3, 4, 5, 6, undefined, 7]);
  });

  it('keeps ids that exceed 2^53 to the last digit', async () => {
    const world = await embeddedWorld();
    const ids = { jobId: 9_223_372_036_854_775_807n, taskId: 449_999_999_999_999_991n };
    await world.has(job(ids), task({ ...ids, collectionId: 449_999_999_999_999_993n }));
    await world.pass();
    expect(await world.messages()).toMatchObject([
      { jobId: '9223372036854775807', taskId: '449999999999999991', collectionId: '449999999999999993' },
    ]);
    expect(await world.task(ids.taskId, ids.jobId)).toMatchObject({ enqueueCount: 1n });
  });

  it('whose writer keeps no enqueue count has never been enqueued', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ enqueueCount: null }));
    await world.pass();
    expect(await world.messages()).toMatchObject([{ attempt: 1 }]);
    expect(await world.task()).toMatchObject({ enqueueCount: 1n });
  });
});

describe('an InProgress task', () => {
  it('with a running lease is looked at when the lease ends, whatever its marker said', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ ...leased, dueAt: NOW - MINUTE }));
    const before = (await world.task()) as object;
    const report = await world.pass();
    expect(report.verdicts.wait).toBe(1);
    expect(await world.task()).toEqual({ ...before, dueAt: BigInt(NOW + 10 * MINUTE) });
    expect((await world.pass()).read.dueTasks).toBe(0);
  });

  it.each([undefined, null])(
    'without a lease (%o) leaves the index: nothing will change by waiting',
    async (leaseExpiresAt) => {
      const world = await embeddedWorld();
      await world.has(job(), task({ state: 'InProgress', dueAt: NOW - MINUTE }));
      await world.put('tasks', {
        ...(await world.task()),
        ...(leaseExpiresAt === null && { leaseExpiresAt }),
      });
      const { dueAt: _, ...untouched } = (await world.task()) as { dueAt?: bigint };
      await world.pass();
      expect(await world.task()).toEqual(untouched);
      expect(await world.messages()).toEqual([]);
    },
  );

  it('whose lease has expired is released and enqueued', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ ...expired, taskVersion: 3, enqueueCount: 2, lostLeases: 8 }));
    await world.pass();
    const released = await world.task();
    expect(released).toMatchObject({
      state: 'Pending',
      taskVersion: 4n,
      lostLeases: 9n,
      enqueueCount: 1n,
      dueAt: BigInt(NOW + 15 * MINUTE),
    });
    expect(released).not.toHaveProperty('nodeId');
    expect(released).not.toHaveProperty('leaseExpiresAt');
    expect(await world.messages()).toMatchObject([{ reason: 'lease-expired', taskVersion: 4, attempt: 1 }]);
  });

  it('that lost its lease ten times fails, and its targets are dropped', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ ...expired, taskVersion: 19, lostLeases: 9, targets: [11n] }),
      segment(11n),
    );
    const report = await world.pass();
    const failed = await world.task();
    expect(failed).toMatchObject({
      state: 'Failed',
      reason: 'lease lost 10 times',
      taskVersion: 19n,
      lostLeases: 10n,
    });
    expect(failed).toMatchObject({ segmentsDroppedAt: BigInt(NOW) });
    expect(failed).not.toHaveProperty('nodeId');
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await world.messages()).toEqual([]);
    expect(report.problems).toContainEqual({
      key: { jobId: '1', taskId: '1' },
      kind: 'lostLeases',
      reason: 'lease lost 10 times',
    });
  });

  it('has its lost leases counted on a strongly consistent read: the index does not hold them', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ ...expired, lostLeases: 3 }));
    await world.pass();
    expect(await world.task()).toMatchObject({ lostLeases: 4n });
    await world.put('tasks', { ...(await world.task()), ...expired, taskVersion: 3, dueAt: NOW });
    await world.pass();
    expect(await world.task()).toMatchObject({ lostLeases: 5n, state: 'Pending' });
  });

  it.each(['Completed', 'Failed'] as const)(
    'of a job that is %s leaves the index, its lease kept',
    async (state) => {
      const world = await embeddedWorld();
      await world.has(job({ state }), task(expired));
      await world.pass();
      const resting = await world.task();
      expect(resting).toMatchObject({ state: 'InProgress', nodeId: 'datanode-1', taskVersion: 1n });
      expect(resting).not.toHaveProperty('dueAt');
      expect(await world.messages()).toEqual([]);
    },
  );
});

describe('an orphan', () => {
  it.each([
    ['Pending', {}],
    ['InProgress', expired],
  ] as const)(
    'that is %s is reported, and looked at again after the longest backoff',
    async (state, overrides) => {
      const world = await embeddedWorld();
      await world.has(task({ ...overrides, jobId: 404n }));
      const report = await world.pass();
      expect(report.problems).toEqual([
        {
          key: { jobId: '404', taskId: '1' },
          kind: 'orphan',
          reason: `the task is ${state}, its job is missing`,
        },
      ]);
      expect(await world.task(1n, 404n)).toMatchObject({ state, dueAt: BigInt(NOW + 6 * HOUR) });
      expect(await world.messages()).toEqual([]);
    },
  );
});

describe('a Completed task', () => {
  it.each(['Executing', 'Completed'] as const)('of a job that is %s leaves the index', async (state) => {
    const world = await embeddedWorld();
    await world.has(
      job({ state }),
      task({ state: 'Completed', dueAt: NOW - MINUTE, targets: [11n] }),
      segment(11n, 'Flushed'),
    );
    await world.pass();
    expect(await world.task()).not.toHaveProperty('dueAt');
    expect(await world.segment(11n)).toMatchObject({ state: 'Flushed', isImporting: true });
  });
});

describe('a job in the index that has not failed', () => {
  it.each(['Pending', 'Executing', 'Publishing'] as const)(
    'is left to the checker while it is %s: its marker stays, and it is not even read',
    async (state) => {
      const world = await embeddedWorld();
      await world.has(
        job({ state, dueAt: NOW - HOUR }),
        task({ state: 'Completed', targets: [11n] }),
        segment(11n),
      );
      const before = await world.items();
      const report = await world.pass();
      expect(await world.items()).toEqual(before);
      expect(report.requests.byOperation).toEqual({ Query: 8 });
      await world.pass({ mode: 'recover' });
      expect(await world.items()).toEqual(before);
    },
  );

  it('that has been due for more than an hour has no checker: it is reported, and looked at again in six hours', async () => {
    const world = await embeddedWorld();
    await world.has(job({ state: 'Executing', dueAt: NOW - HOUR - 1 }));
    const report = await world.pass();
    expect(report.jobs.unchecked).toBe(1);
    expect(report.problems).toEqual([
      { key: { jobId: '1' }, kind: 'unchecked', reason: expect.stringMatching(/is there a checker\?$/) },
    ]);
    expect(await world.job()).toMatchObject({ state: 'Executing', dueAt: BigInt(NOW + 6 * HOUR) });
    expect((await world.pass()).read.dueJobs).toBe(0);
  });

  it('leaves the index when it is Completed', async () => {
    const world = await embeddedWorld();
    await world.has(job({ state: 'Completed', dueAt: NOW - MINUTE }));
    await world.pass();
    expect(await world.job()).toMatchObject({ state: 'Completed' });
    expect(await world.job()).not.toHaveProperty('dueAt');
  });
});

describe('the order of a pass', () => {
  it('is ascending job id, then task id, as numbers', async () => {
    const world = await embeddedWorld();
    const keys: [bigint, bigint][] = [
      [449_999_999_999_999_991n, 2n],
      [10n, 10n],
      [9n, 449_999_999_999_999_993n],
      [10n, 9n],
      [9n, 3n],
    ];
    await world.has(
      [9n, 10n, 449_999_999_999_999_991n].map((jobId) => job({ jobId })),
      keys.map(([jobId, taskId], index) => task({ jobId, taskId, dueAt: NOW - index })),
    );
    await world.pass();
    const order = (await world.messages()).map(({ jobId, taskId }) => `${jobId}/${taskId}`);
    expect(order).toEqual(['9/3', '9/449999999999999993', '10/9', '10/10', '449999999999999991/2']);
  });

  it('takes the most overdue first when there are more than a window holds', async () => {
    const world = await embeddedWorld({ windowSize: 2 });
    const dueSince = [3, 1, 5, 2, 4];
    await world.has(
      job(),
      dueSince.map((minutes, index) => task({ taskId: BigInt(index + 1), dueAt: NOW - minutes * MINUTE })),
    );
    await world.pass();
    const order = (await world.messages()).map(({ taskId }) => Number(taskId));
    expect(order).toEqual([3, 5, 1, 4, 2]);
  });
});

describe('an inspection of some jobs', () => {
  it('acts on what is due of these alone', async () => {
    const world = await embeddedWorld();
    await world.has(
      [1n, 2n].map((jobId) => job({ jobId })),
      [3n, 4n].map((jobId) => job({ jobId, state: 'Failed' })),
      [1n, 2n].flatMap((jobId) => [
        task({ jobId, taskId: 1n }),
        task({ jobId, taskId: 2n, dueAt: NOW + MINUTE }),
      ]),
    );
    await world.pass({ jobIds: ['2', '3'] });
    expect((await world.messages()).map(({ jobId, taskId }) => `${jobId}/${taskId}`)).toEqual(['2/1']);
    expect(await world.job(3n)).toHaveProperty('segmentsDroppedAt');
    expect(await world.job(4n)).not.toHaveProperty('segmentsDroppedAt');
  });
});
