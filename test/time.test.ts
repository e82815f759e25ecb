import { describe, expect, it } from 'vitest';
import type { PassReport } from '../functions/inspector/report/pass-report.ts';
import { HOUR, job, MINUTE, NOW, segment, task } from './support/builders.ts';
import { type DisturbedCall, embeddedWorld, type World } from './support/embedded-world.ts';
import { everySituation } from './support/every-situation.ts';
import { failStatements, textOf } from './support/fail-statements.ts';

/** Enough for this many looks at the clock, then too little to start anything. */
const shortAfter = (looks: number) => {
  let left = looks;
  return { remainingMs: () => (left-- > 0 ? 60_000 : 5_000) };
};

const withoutTimes = async (world: World) => ({ items: await world.items() });

describe('a pass whose time runs short', () => {
  it('does nothing when it has no time at all, and says so', async () => {
    const world = await embeddedWorld();
    await world.has(everySituation());
    const before = await world.items();
    const report = await world.pass({}, { remainingMs: () => 5_000 });
    expect(report).toMatchObject({ complete: false, requests: { total: 0 } });
    expect(await world.items()).toEqual(before);
  });

  it('ends what it started: a message it sent is marked', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      Array.from({ length: 450 }, (_, index) => task({ taskId: BigInt(index + 1) })),
    );
    const report = await world.pass({}, shortAfter(4));
    expect(report.complete).toBe(false);
    const sent = await world.messages();
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.length).toBeLessThan(450);
    const { tasks } = await world.items();
    expect(tasks.filter(({ enqueueCount }) => enqueueCount === 1n)).toHaveLength(sent.length);
    expect(report.tasks.enqueued).toBe(sent.length);
  });

  it('leaves the rest due, and the next passes carry on to the same end', async () => {
    const disturbed = await embeddedWorld();
    await disturbed.has(everySituation());
    let passes = 0;
    for (let looks = 1; !(await disturbed.pass({}, shortAfter(looks))).complete; looks++) passes++;
    expect(passes).toBeGreaterThan(1);

    const undisturbed = await embeddedWorld();
    await undisturbed.has(everySituation());
    expect((await undisturbed.pass()).complete).toBe(true);
    expect(await withoutTimes(disturbed)).toEqual(await withoutTimes(undisturbed));
  });

  it('does not settle a Failed job whose tasks it did not finish', async () => {
    const world = await embeddedWorld();
    const taskIds = Array.from({ length: 250 }, (_, index) => BigInt(index + 1));
    await world.has(
      job({ state: 'Failed' }),
      taskIds.map((taskId) => task({ taskId, state: 'Completed', targets: [taskId] })),
      taskIds.map((id) => segment(id, 'Flushed')),
    );
    const report = await world.pass({}, shortAfter(6));
    expect(report.complete).toBe(false);
    expect(report.segments.dropped).toBeGreaterThan(0);
    expect(report.segments.dropped).toBeLessThan(250);
    expect(await world.job()).toMatchObject({ dueAt: BigInt(NOW - 60_000) });
    expect(await world.job()).not.toHaveProperty('segmentsDroppedAt');

    const next = await world.pass();
    expect(next.segments.dropped + report.segments.dropped).toBe(250);
    expect(await world.job()).toHaveProperty('segmentsDroppedAt');
  });
});

/** The pass is cut off while this operation is under way, which is never answered. */
const hanging = (operation: string, isHit: (input: Record<string, unknown>) => boolean = () => true) => {
  const cutOff = new AbortController();
  return {
    signal: cutOff.signal,
    disturb: async (call: DisturbedCall): Promise<unknown> => {
      if (call.operation !== operation || !isHit(call.input)) return call.proceed();
      cutOff.abort();
      throw Object.assign(new Error('Request aborted'), { name: 'AbortError' });
    },
  };
};

describe('a pass that is cut off with a request under way', () => {
  it('returns a report that says so; what was not sent stays due', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task());
    const report = await world.pass({}, hanging('SendMessageBatch'));
    expect(report).toMatchObject({ complete: false, messages: { sent: 0, failed: 1 } });
    expect(await world.task()).toMatchObject({ enqueueCount: 0n, dueAt: BigInt(NOW - 60_000) });
  });

  it('does not call the drops of a Failed job done', async () => {
    const world = await embeddedWorld();
    await world.has(job({ state: 'Failed' }), task({ state: 'Completed', targets: [11n] }), segment(11n));
    const report = await world.pass({}, hanging('BatchExecuteStatement'));
    expect(report.complete).toBe(false);
    expect(await world.job()).not.toHaveProperty('segmentsDroppedAt');
    expect((await world.pass()).complete).toBe(true);
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
  });

  it('recovers again from the job whose messages were under way, losing none', async () => {
    const world = await embeddedWorld();
    const unmarked = { dueAt: null, dueShard: null };
    const taskIds = Array.from({ length: 50 }, (_, index) => BigInt(index + 1));
    await world.has(
      [1n, 2n].flatMap((jobId) => [
        job({ jobId }),
        ...taskIds.map((taskId) => task({ jobId, taskId, ...unmarked })),
      ]),
    );
    const report = await world.pass({ mode: 'recover' }, hanging('SendMessageBatch'));
    expect(report).toMatchObject({ complete: false, fromJobId: '1' });
    await world.pass({ mode: 'recover', fromJobId: report.fromJobId });
    expect(new Set((await world.messages()).map(({ jobId, taskId }) => `${jobId}/${taskId}`)).size).toBe(100);
  });

  it('recovers again from where it was when a read was under way', async () => {
    const world = await embeddedWorld();
    const jobIds = Array.from({ length: 250 }, (_, index) => BigInt(index + 1));
    await world.has(jobIds.flatMap((jobId) => [job({ jobId }), task({ jobId })]));
    const isOfJob = (input: Record<string, unknown>): boolean => textOf(input).includes(':jobId":"230"');
    const report = await world.pass({ mode: 'recover' }, hanging('Query', isOfJob));
    expect(report.complete).toBe(false);
    expect(Number(report.fromJobId)).toBeGreaterThanOrEqual(100);
    const [sent] = (await world.messages()).slice(-1);
    expect(Number(sent?.jobId)).toBeGreaterThanOrEqual(Number(report.fromJobId) - 1);
  });

  it('ends in time by itself when the invocation is about to end', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task());
    // Two seconds are the cut-off itself: it is due at once, whatever the machine is doing.
    const looks = [2_000];
    const report = await world.pass({}, { remainingMs: () => looks.pop() ?? 60_000 });
    expect(report.complete).toBe(false);
  });
});

describe('an inspection that the schedule would overtake', () => {
  it('stops work on tasks, says so, and still drops what a Failed job wants dropped', async () => {
    const world = await embeddedWorld({ inspectMs: 5_000 });
    await world.has(
      job({ jobId: 1n }),
      task(),
      job({ jobId: 2n, state: 'Failed' }),
      task({ jobId: 2n, state: 'Completed', targets: [21n] }),
      segment(21n, 'Flushed', { jobId: 2n }),
    );
    const report = await world.pass();
    expect(report.complete).toBe(false);
    expect(await world.messages()).toEqual([]);
    expect(await world.segment(21n)).toMatchObject({ state: 'Dropped' });
  });
});

describe('a Failed job that takes longer than a pass has', () => {
  it.each(['inspect', 'recover'])('%s: each pass resumes where the one before stopped', async (mode) => {
    const world = await embeddedWorld();
    const taskIds = Array.from({ length: 650 }, (_, index) => BigInt(index + 1));
    await world.has(
      job({ state: 'Failed', completedAt: NOW }),
      taskIds.map((taskId) => task({ taskId, state: 'Completed', targets: [taskId] })),
      taskIds.map((id) => segment(id, 'Flushed')),
    );
    const dropped: number[] = [];
    for (;;) {
      const { complete, segments } = await world.pass({ mode }, shortAfter(mode === 'inspect' ? 6 : 11));
      dropped.push(segments.dropped);
      expect(segments.alreadyDropped).toBe(0);
      if (complete) break;
      expect(segments.dropped).toBeGreaterThan(0);
    }
    expect(dropped.length).toBeGreaterThan(2);
    expect(dropped.reduce((sum, count) => sum + count, 0)).toBe(650);
    const settled = await world.job();
    expect(settled).toHaveProperty('segmentsDroppedAt');
    expect(settled).not.toHaveProperty('droppedThroughTaskId');
    expect(settled).not.toHaveProperty('dueAt');
  });

  it('keeps its place when it is cut off, and when an error ends it', async () => {
    const taskIds = Array.from({ length: 650 }, (_, index) => BigInt(index + 1));
    const records = [
      job({ state: 'Failed' }),
      ...taskIds.map((taskId) => task({ taskId, state: 'Completed', targets: [taskId] })),
      ...taskIds.map((id) => segment(id, 'Flushed')),
    ];
    const isDropOf = (input: Record<string, unknown>, id: bigint): boolean =>
      (input.Statements as { Parameters: unknown[] }[]).some(({ Parameters }) =>
        textOf(Parameters).includes(`"${id}"`),
      );
    const cutOff = await embeddedWorld();
    await cutOff.has(records);
    const report = await cutOff.pass(
      {},
      hanging('BatchExecuteStatement', (input) => isDropOf(input, 350n)),
    );
    expect(report.complete).toBe(false);
    expect(await cutOff.job()).toMatchObject({ droppedThroughTaskId: 300n });

    const crashed = await embeddedWorld();
    await crashed.has(records);
    let pages = 0;
    const crash = async ({ operation, input, proceed }: DisturbedCall): Promise<unknown> => {
      if (operation === 'Query' && !input.IndexName) {
        input.Limit = 200;
        if (++pages === 3) throw new Error('gone');
      }
      return proceed();
    };
    const crashedReport = await crashed.pass({}, { disturb: crash });
    expect(crashedReport).toMatchObject({ complete: false, jobs: { failed: 1, unsettled: 1 } });
    expect(crashedReport.problems).toMatchObject([{ reason: 'its tasks could not be read: Error: gone' }]);
    expect(await crashed.job()).toMatchObject({ droppedThroughTaskId: 400n });
    for (const world of [cutOff, crashed]) {
      await world.pass();
      expect((await world.items()).segments.filter(({ state }) => state !== 'Dropped')).toEqual([]);
      expect(await world.job()).not.toHaveProperty('droppedThroughTaskId');
    }
  });

  it('resumes at the first task that has a target left, however many are done', async () => {
    const world = await embeddedWorld();
    const taskIds = Array.from({ length: 300 }, (_, index) => BigInt(index + 1));
    await world.has(
      job({ state: 'Failed' }),
      taskIds.map((taskId) => task({ taskId, state: 'Completed', targets: [taskId] })),
      taskIds.map((id) => segment(id, 'Flushed')),
    );
    const refused = async (call: DisturbedCall): Promise<unknown> =>
      call.operation === 'BatchExecuteStatement'
        ? failStatements(call, ({ Parameters }) => textOf(Parameters).includes('"250"'), {
            Code: 'AccessDenied',
            Message: 'not yours',
          })
        : call.proceed();
    await world.pass({}, { disturb: refused });
    const stuck = await world.pass({}, { disturb: refused });
    expect(stuck.read).toMatchObject({ tasks: 100 });
    await world.pass();
    expect(await world.job()).toHaveProperty('segmentsDroppedAt');
    expect((await world.items()).segments.filter(({ state }) => state !== 'Dropped')).toEqual([]);
  });

  it('and has a task that cannot be read is looked at with backoff; what is dropped is not read again', async () => {
    const world = await embeddedWorld();
    const taskIds = Array.from({ length: 500 }, (_, index) => BigInt(index + 1));
    await world.has(
      job({ state: 'Failed' }),
      taskIds.map((taskId) => task({ taskId, state: 'Completed', targets: [taskId] })),
      taskIds.map((id) => segment(id, 'Flushed')),
    );
    await world.put('tasks', { ...(await world.task(50n)), idMappings: 'gone' });
    const first = await world.pass();
    expect(first.segments.dropped).toBe(499);
    expect(await world.job()).toMatchObject({ dueAt: BigInt(NOW + 15 * MINUTE) });
    expect(await world.job()).not.toHaveProperty('segmentsDroppedAt');

    const looks: number[] = [];
    for (let minute = 15; minute <= 12 * 60; minute += 15) {
      world.clock.now = NOW + minute * MINUTE;
      const report = await world.pass();
      if (report.read.dueJobs > 0) {
        looks.push(minute);
        expect(report.read).toMatchObject({ tasks: 1, segments: 0 });
        expect(report.capacity.readUnits).toBeLessThan(10);
      } else expect(report.requests.total).toBe(8);
    }
    expect(looks).toEqual([15, 45, 105, 225, 465]);

    await world.put('tasks', {
      ...(await world.task(50n)),
      idMappings: task({ targets: [50n] }).item.idMappings,
    });
    world.clock.now = NOW + 48 * HOUR;
    await world.pass();
    expect(await world.segment(50n)).toMatchObject({ state: 'Dropped' });
    const settled = (await world.job()) as object;
    expect(settled).toHaveProperty('segmentsDroppedAt');
    for (const name of [
      'dueAt',
      'droppedThroughTaskId',
      'droppedPastTaskId',
      'undroppedTaskIds',
      'dropAttempts',
    ])
      expect(settled).not.toHaveProperty(name);
  });

  it('keeps what it could not read in mind while DynamoDB does not answer for it', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed' }),
      [1n, 2n, 3n].map((taskId) => task({ taskId, state: 'Completed', targets: [taskId] })),
      [1n, 2n, 3n].map((id) => segment(id, 'Flushed')),
    );
    await world.put('tasks', { ...(await world.task(2n)), idMappings: 'gone' });
    await world.pass();
    await world.put('tasks', {
      ...(await world.task(2n)),
      idMappings: task({ targets: [2n] }).item.idMappings,
    });
    world.clock.now = NOW + HOUR;
    const report = await world.pass(
      {},
      {
        disturb: async ({ operation, input, proceed }) => {
          if (operation === 'BatchGetItem' && textOf(input).includes(world.tables.tasks))
            throw new Error('slow down');
          return proceed();
        },
      },
    );
    expect(report).toMatchObject({ complete: false, jobs: { settled: 0, unsettled: 1 } });
    await world.pass();
    expect(await world.segment(2n)).toMatchObject({ state: 'Dropped' });
    expect(await world.job()).toHaveProperty('segmentsDroppedAt');
  });

  it('resumes past a task that it cannot read, pass after pass', async () => {
    const world = await embeddedWorld();
    const taskIds = Array.from({ length: 650 }, (_, index) => BigInt(index + 1));
    await world.has(
      job({ state: 'Failed' }),
      taskIds.map((taskId) => task({ taskId, state: 'Completed', targets: [taskId] })),
      taskIds.map((id) => segment(id, 'Flushed')),
    );
    await world.put('tasks', { ...(await world.task(3n)), idMappings: 'gone' });
    const dropped: number[] = [];
    for (let passes = 0; passes < 10; passes++) {
      const { complete, segments } = await world.pass({}, shortAfter(7));
      dropped.push(segments.dropped);
      expect(segments.alreadyDropped).toBe(0);
      if (complete) break;
    }
    expect(dropped.length).toBeGreaterThan(2);
    expect(dropped.reduce((sum, count) => sum + count, 0)).toBe(649);
    expect(await world.job()).toMatchObject({ undroppedTaskIds: [3n] });
  });

  it('is worked on by one of the passes that join it: their writes do not multiply', async () => {
    const taskIds = Array.from({ length: 1_000 }, (_, index) => BigInt(index + 1));
    const records = [
      job({ state: 'Failed' }),
      ...taskIds.map((taskId) => task({ taskId, state: 'Completed', targets: [taskId] })),
      ...taskIds.map((id) => segment(id, 'Flushed')),
    ];
    const alone = await embeddedWorld();
    await alone.has(records);
    const one = await alone.pass();

    const world = await embeddedWorld();
    await world.has(records);
    // Another pass joins at every fifth write of the first, as the schedule would have it.
    const joining: Promise<PassReport>[] = [];
    let writes = 0;
    const first = await world.pass(
      {},
      {
        disturb: async ({ operation, proceed }) => {
          if (operation === 'BatchExecuteStatement' && ++writes % 5 === 0) joining.push(world.pass());
          return proceed();
        },
      },
    );
    const reports = [first, ...(await Promise.all(joining))];
    expect(joining.length).toBeGreaterThan(0);
    const sum = (of: (report: PassReport) => number): number => reports.map(of).reduce((a, b) => a + b, 0);
    expect(sum(({ segments }) => segments.dropped)).toBe(1_000);
    expect((await world.items()).segments.filter(({ state }) => state !== 'Dropped')).toEqual([]);
    expect(await world.job()).toHaveProperty('segmentsDroppedAt');
    // A pass that joins does one chunk, finds that it is not alone, and leaves.
    const statements = sum(({ requests }) => requests.byOperation.BatchExecuteStatement ?? 0);
    const perChunk = (one.requests.byOperation.BatchExecuteStatement ?? 0) / 10;
    expect(statements).toBeLessThanOrEqual(10 * perChunk + joining.length * 2 * perChunk);
  });
});

describe('a recovery whose time runs short', () => {
  it('sends no more once it is short', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      Array.from({ length: 450 }, (_, index) => task({ taskId: BigInt(index + 1) })),
    );
    const report = await world.pass({ mode: 'recover' }, shortAfter(5));
    expect(report).toMatchObject({ complete: false, fromJobId: '1' });
    expect(report.messages.sent).toBeGreaterThan(0);
    expect(report.messages.sent).toBeLessThan(450);
  });

  it('returns the job to resume at, and reaches the same end from there', async () => {
    const jobIds = Array.from({ length: 120 }, (_, index) => BigInt(index + 1));
    const records = jobIds.flatMap((jobId) => [
      job({ jobId, state: jobId % 10n === 0n ? 'Failed' : 'Executing' }),
      ...[1n, 2n, 3n].map((taskId) =>
        task({ jobId, taskId, state: 'Completed', targets: [jobId * 10n + taskId] }),
      ),
      task({ jobId, taskId: 4n }),
      ...[1n, 2n, 3n].map((n) => segment(jobId * 10n + n, 'Flushed', { jobId })),
    ]);
    const disturbed = await embeddedWorld();
    const undisturbed = await embeddedWorld();
    await Promise.all([disturbed.has(records), undisturbed.has(records)]);
    await undisturbed.pass({ mode: 'recover' });

    const wentOnFrom: (string | undefined)[] = [];
    let event: Record<string, unknown> = { mode: 'recover' };
    for (;;) {
      const report = await disturbed.pass(event, shortAfter(12));
      if (report.complete) break;
      wentOnFrom.push(report.fromJobId);
      expect(wentOnFrom.length).toBeLessThan(50);
      event = { mode: 'recover', fromJobId: report.fromJobId };
    }
    expect(wentOnFrom.length).toBeGreaterThan(1);
    expect(wentOnFrom.map(Number)).toEqual([...wentOnFrom.map(Number)].sort((a, b) => a - b));

    const states = async (world: World) => {
      const { jobs, segments } = await world.items();
      return { jobs, segments };
    };
    expect(await states(disturbed)).toEqual(await states(undisturbed));
    const sent = new Set((await disturbed.messages()).map(({ jobId }) => jobId));
    expect(sent).toEqual(new Set((await undisturbed.messages()).map(({ jobId }) => jobId)));
  });

  it('in the midst of a large job returns the task to resume at, and sends none before it again', async () => {
    const world = await embeddedWorld();
    const taskIds = Array.from({ length: 650 }, (_, index) => BigInt(index + 1));
    await world.has(
      [1n, 2n].map((jobId) => job({ jobId })),
      task({ jobId: 1n, taskId: 1n }),
      taskIds.map((taskId) => task({ jobId: 2n, taskId })),
    );
    const sent: string[] = [];
    const places: (string | undefined)[] = [];
    let event: Record<string, unknown> = { mode: 'recover' };
    for (;;) {
      const report = await world.pass(event, shortAfter(5));
      sent.push(...(await world.messages()).map(({ jobId, taskId }) => `${jobId}/${taskId}`));
      if (report.complete) break;
      const { fromJobId, fromTaskId } = report;
      if (fromJobId === '2') places.push(fromTaskId);
      expect(places.length).toBeLessThan(10);
      event = { mode: 'recover', fromJobId, ...(fromTaskId && { fromTaskId }) };
    }
    expect(places.length).toBeGreaterThan(1);
    expect(places.map(Number)).toEqual([...places.map(Number)].sort((a, b) => a - b));
    expect(sent.toSorted()).toEqual(['1/1', ...taskIds.map((taskId) => `2/${taskId}`)].toSorted());
  });

  it('that has no time at all resumes where it was to start', async () => {
    const world = await embeddedWorld();
    const noTime = { remainingMs: () => 0 };
    expect(await world.pass({ mode: 'recover' }, noTime)).toMatchObject({ complete: false, fromJobId: '1' });
    const event = { mode: 'recover', fromJobId: '449999999999999991', fromTaskId: '7' };
    expect(await world.pass(event, noTime)).toMatchObject({
      complete: false,
      fromJobId: '449999999999999991',
      fromTaskId: '7',
    });
  });

  it('that scans for longer than a pass has gets somewhere each time, and reaches the end', async () => {
    const world = await embeddedWorld();
    const jobIds = Array.from({ length: 30 }, (_, index) => BigInt(index + 1));
    await world.has(
      jobIds.flatMap((jobId) => [job({ jobId }), task({ jobId, dueAt: null })]),
      [801n, 802n, 803n].map((jobId) => task({ jobId, dueAt: null })),
    );
    // One item per page, a minute per page, and fifteen minutes per pass.
    const slowly = () => {
      const started = world.clock.now;
      return {
        remainingMs: () => 15 * MINUTE - (world.clock.now - started),
        disturb: async ({ operation, input, proceed }: DisturbedCall): Promise<unknown> => {
          if (operation === 'Scan') {
            input.Limit = 1;
            world.clock.now += MINUTE;
          }
          return proceed();
        },
      };
    };
    const recovered = new Set<string>();
    let event: Record<string, unknown> = { mode: 'recover' };
    let passes = 0;
    for (; passes < 30; passes++) {
      const { complete, fromJobId, fromTaskId, scannedThrough } = await world.pass(event, slowly());
      const sent = (await world.messages()).map(({ jobId }) => jobId);
      for (const jobId of sent) recovered.add(jobId);
      if (complete) break;
      const resume = {
        mode: 'recover',
        ...(fromJobId && { fromJobId }),
        ...(fromTaskId && { fromTaskId }),
        ...(scannedThrough && { scannedThrough }),
      };
      expect(resume).not.toEqual(event);
      event = resume;
    }
    expect(passes).toBeGreaterThan(3);
    expect(passes).toBeLessThan(15);
    expect(recovered).toEqual(new Set(jobIds.map(String)));
    const orphans = (await world.items()).tasks.filter(({ jobId }) => (jobId as bigint) > 800n);
    for (const orphan of orphans) expect(orphan).toHaveProperty('dueAt');
  });

  it.each(['jobs', 'tasks'] as const)(
    'by a scan of %s that stays throttled has a place to resume at',
    async (table) => {
      const world = await embeddedWorld();
      await world.has([1n, 2n, 3n].flatMap((jobId) => [job({ jobId }), task({ jobId })]));
      const report = await world.pass(
        { mode: 'recover', fromJobId: '2' },
        {
          disturb: async ({ operation, input, proceed }) => {
            if (operation === 'Scan' && String(input.TableName).endsWith(table))
              throw Object.assign(new Error('slow down'), { name: 'ProvisionedThroughputExceededException' });
            return proceed();
          },
        },
      );
      expect(report).toMatchObject({
        complete: false,
        problems: [{ key: { part: 'scan' }, kind: 'failed' }],
      });
      expect(await world.messages()).toHaveLength(table === 'jobs' ? 0 : 2);
      if (table === 'jobs') expect(report.fromJobId).toBe('2');
      const { fromJobId, fromTaskId, scannedThrough } = report;
      const event = {
        mode: 'recover',
        ...(fromJobId && { fromJobId }),
        ...(fromTaskId && { fromTaskId }),
        ...(scannedThrough && { scannedThrough }),
      };
      expect((await world.pass(event)).complete).toBe(true);
    },
  );
});
