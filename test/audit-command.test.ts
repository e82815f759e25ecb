import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { audit as auditTables, ONE_TASK_PER_TARGET } from '../cli/audit/audit.ts';
import { AUDITED } from '../cli/audit/audit-invariants.ts';
import { createAuditReads } from '../cli/audit/audit-reads.ts';
import { MENDS, type Mend } from '../cli/audit/mends.ts';
import type { ExitCode } from '../cli/commands/exit-code.ts';
import type { Item } from '../functions/copy-segment/item.ts';
import type { TableKind } from '../functions/copy-segment/tables.ts';
import { BROKEN } from './simulation/broken-tables.ts';
import { anyHistory } from './simulation/histories.ts';
import { smallHistory } from './simulation/loop/histories.ts';
import { memoryLoopStage } from './simulation/loop/memory-stage.ts';
import { runLoop } from './simulation/loop/run-loop.ts';
import { memoryStage } from './simulation/memory-stage.ts';
import { restoresOf } from './simulation/restores.ts';
import { runHistory } from './simulation/run-history.ts';
import { job, leased, NOW, type Row, segment, task } from './support/builders.ts';
import { checkerWorld, copied, submitted } from './support/checker-world.ts';
import { commandOn } from './support/command-in-process.ts';
import { disturbedClients, embeddedWorld, type World } from './support/embedded-world.ts';
import { updateItemOf } from './support/update-item.ts';

async function worldOf(rows: readonly Row[]): Promise<World> {
  const world = await embeddedWorld();
  await world.has(...rows);
  return world;
}

interface Audit {
  readonly code: ExitCode;
  readonly looked: { readonly jobs: number; readonly tasks: number; readonly segments: number };
  readonly violations: number;
  readonly kinds: readonly {
    readonly invariant: string;
    readonly count: number;
    readonly examples: readonly { readonly on: string; readonly reason: string; readonly mend: Mend }[];
  }[];
}

async function audit(world: World, ...args: readonly string[]): Promise<Audit> {
  const { code, stdout } = await commandOn(world, ['audit', '--json', ...args]);
  return { code, ...JSON.parse(stdout) };
}

const rowsOf = (items: Record<TableKind, readonly Item[]>): Row[] =>
  (['jobs', 'tasks', 'segments'] as const).flatMap((table) => items[table].map((item) => ({ table, item })));

const invariantsOf = ({ kinds }: Pick<Audit, 'kinds'>): string[] => kinds.map(({ invariant }) => invariant);

/** What the contract allows, and an audit asks about all the same. */
const QUESTIONABLE: readonly [string, readonly Row[]][] = [
  ['a task that is InProgress has a lease (jobId 1, taskId 1)', [job(), task({ state: 'InProgress' })]],
  ['a task that is not over has a job (jobId 1, taskId 1)', [task({ targets: [11n] }), segment(11n)]],
  [
    'a target belongs to no other job (jobId 1, taskId 1, segmentId 11)',
    [job(), task({ targets: [11n] }), segment(11n, 'Importing', { jobId: 2n })],
  ],
];

const nameOf = (violation: string): string => violation.slice(0, violation.indexOf(' (jobId'));
const PLANTED = [...BROKEN, ...QUESTIONABLE].map(([violation, rows]) => ({
  violation,
  invariant: nameOf(violation),
  rows,
}));

/** Does what an audit prints, as somebody would who pastes it. */
async function mend(world: World, mended: Mend): Promise<void> {
  if (mended.by === 'command') {
    expect((await commandOn(world, [...mended.args, '--yes'])).code).toBe(0);
    await world.pass();
  } else if (mended.by === 'check') {
    await commandOn(world, ['check', '--local', '--jobs', mended.jobId]);
    await world.pass();
  } else if (mended.by === 'aws') await disturbedClients().dynamo.send(updateItemOf(mended.args.slice(1)));
}

describe('copy-segment audit', () => {
  it.each(PLANTED)('finds what is planted: $violation', async ({ invariant, rows }) => {
    const world = await worldOf(rows);
    const before = await world.items();
    const found = await audit(world);
    expect(found.code).toBe(1);
    expect(invariantsOf(found)).toContain(invariant);
    expect(await world.items()).toEqual(before);
  });

  it('has every invariant planted above, and knows the mend of each', () => {
    const names = AUDITED.map(({ name }) => name).sort();
    expect([...new Set(PLANTED.map(({ invariant }) => invariant))].sort()).toEqual(names);
    expect(Object.keys(MENDS).sort()).toEqual(names);
  });

  it('finds nothing in a healthy world', async () => {
    const world = await worldOf([
      job({ jobId: 1n }),
      task(),
      task({ taskId: 2n, ...leased, targets: [11n] }),
      segment(11n),
      job({ jobId: 2n, state: 'Completed' }),
      task({ jobId: 2n, state: 'Completed', targets: [21n] }),
      segment(21n, 'Flushed', { jobId: 2n, isImporting: false, publishedAt: NOW }),
      job({ jobId: 3n, state: 'Failed', segmentsDroppedAt: NOW }),
      task({ jobId: 3n, state: 'Failed', segmentsDroppedAt: NOW, targets: [31n] }),
      segment(31n, 'Dropped', { jobId: 3n, isImporting: false, droppedAt: NOW }),
    ]);
    const { code, stdout } = await commandOn(world, ['audit']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: '3 jobs, 4 tasks, 3 segments: every invariant holds.\n',
    });
  });

  it('finds nothing in what the checker published', async () => {
    const world = await checkerWorld();
    await world.has(copied(3, 2));
    await world.check();
    expect(await world.job()).toMatchObject({ state: 'Completed' });
    expect(await audit(world)).toMatchObject({ code: 0, looked: { jobs: 1, tasks: 3, segments: 6 } });
  });

  it(
    'finds nothing once a loop of submits, passes, checks and workers has come to its end, whatever befell it',
    () =>
      fc.assert(
        fc.asyncProperty(smallHistory, async (history) => {
          const stage = memoryLoopStage(() => {});
          await runLoop(stage, history);
          const world = await worldOf(rowsOf(await stage.tables()));
          world.clock.now = stage.clock.now;
          const { kinds, looked } = await audit(world);
          expect(kinds).toEqual([]);
          expect(looked.jobs).toBe(history.restores.length);
        }),
        { numRuns: 5, endOnFailure: true },
      ),
    120_000,
  );

  it(
    'finds what the invariants find of whole restores, whatever their history',
    () =>
      fc.assert(
        fc.asyncProperty(anyHistory, async (history) => {
          const stage = memoryStage();
          await runHistory(stage, history);
          const items = await stage.items();
          const { now } = stage.clock;
          const world = await worldOf(rowsOf(items));
          world.clock.now = now;
          const { kinds } = await audit(world);
          const expected = AUDITED.map(({ name, breaches }) => ({
            name,
            count: restoresOf(items).flatMap((restore) => [...breaches(restore, { now, shards: 4 })]).length,
          })).filter(({ name, count }) => count > 0 && name !== ONE_TASK_PER_TARGET);
          const found = kinds.filter(({ invariant }) => invariant !== ONE_TASK_PER_TARGET);
          expect(new Map(found.map(({ invariant, count }) => [invariant, count]))).toEqual(
            new Map(expected.map(({ name, count }) => [name, count])),
          );
        }),
        { numRuns: 20, endOnFailure: true },
      ),
    120_000,
  );

  it('finds what is across jobs: a target of two of them, and who', async () => {
    const world = await worldOf([
      job(),
      task({ targets: [11n, 12n] }),
      job({ jobId: 2n }),
      task({ jobId: 2n, targets: [12n, 13n] }),
      segment(12n, 'Importing', { jobId: null }),
    ]);
    const { kinds } = await audit(world);
    expect(kinds).toMatchObject([
      {
        invariant: 'a segment is the target of one task',
        count: 1,
        examples: [{ on: expect.stringMatching(/^segment 12 of task [12]\/1$/) }],
      },
    ]);
  });

  it('looks at a job in parts, and counts its tasks all the same', async () => {
    const tasks = Array.from({ length: 1_201 }, (_, index) => task({ taskId: BigInt(index + 1) }));
    const world = await worldOf([job({ dueAt: NOW, totalTasks: 1_201, totalSegments: 0 }), ...tasks]);
    expect(await audit(world)).toMatchObject({ code: 0, looked: { jobs: 1, tasks: 1_201 } });
    await world.remove('tasks', { jobId: 1n, taskId: 700n });
    expect(await audit(world)).toMatchObject({
      kinds: [
        {
          invariant: 'a job that was filled has all of its tasks',
          examples: [{ on: 'job 1', reason: 'it is Executing with 1200 of 1201 tasks' }],
        },
      ],
    });
  });

  it('counts what is alike, names a few, and says what mends them', async () => {
    const tasks = Array.from({ length: 30 }, (_, index) =>
      task({ taskId: BigInt(index + 1), state: 'Failed', dueAt: null }),
    );
    const world = await worldOf([job(), ...tasks]);
    const { stdout } = await commandOn(world, ['audit'], { width: 80 });
    const lines = stdout.split('\n');
    const at = lines.findIndex((line) => line.startsWith('  DO '));
    expect(lines.slice(0, at)).toEqual([
      '1 job, 30 tasks, 0 segments: 30 violations.',
      '',
      '30 violations of: a Failed task that is not settled has a marker, or its job',
      'failed',
      ...[1, 2, 3, 4, 5].map((id) => `  task 1/${id}: no pass will drop its targets`),
      '  … and 25 more',
    ]);
    const command = lines
      .slice(at)
      .join('\n')
      .replaceAll(/ \\\n +/g, ' ');
    expect(command).toMatch(/^ {2}DO copy-segment recover --local --jobs 1 --jobs-table /);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it('names the deployed inspector’s recovery where there is one', async () => {
    const world = await worldOf([job(), task({ state: 'Failed', dueAt: null })]);
    const { stdout } = await commandOn(world, ['audit', '--inspector-function', 'inspector']);
    expect(stdout).toContain('\n  DO copy-segment recover --jobs 1 ');
  });

  it('fits on the screen of a terminal, and shows all of it when asked to', async () => {
    const world = await worldOf([
      job({ segmentsDroppedAt: NOW, timeoutAt: 5, droppedThroughTaskId: 7n }),
      ...Array.from({ length: 8 }, (_, index) =>
        task({ taskId: BigInt(index + 1), nodeId: 'datanode-1', lostLeases: 10, leaseExpiresAt: NOW }),
      ),
      task({ taskId: 9n, state: 'Completed', segmentsDroppedAt: NOW }),
    ]);
    const shown = async (...args: readonly string[]) =>
      (await commandOn(world, ['audit', ...args], { width: 80, maxLines: 20 })).stdout.trimEnd().split('\n');
    const kindsIn = (lines: readonly string[]) => lines.filter((line) => / violations? of: /.test(line));
    const screen = await shown();
    expect(
      screen.reduce((sum, line) => sum + Math.ceil(Math.max(1, line.length) / 80), 0),
    ).toBeLessThanOrEqual(20);
    expect(screen.at(-1)).toMatch(/^… and \d kinds more \(--all shows them\)$/);
    const all = await shown('--all');
    expect(kindsIn(all).length).toBe(7);
    expect(all.filter((line) => line.endsWith(': its nodeId is datanode-1'))).toHaveLength(8);
    expect(kindsIn(screen).length + Number(/\d+/.exec(screen.at(-1) ?? '')?.[0])).toBe(7);
  });

  it('knows no job of that id: nothing is said to hold', async () => {
    const world = await worldOf([job()]);
    expect(await commandOn(world, ['audit', '--jobs', '1,999'])).toMatchObject({
      code: 1,
      stdout: 'There is no job 999.\n',
    });
  });

  it('of some jobs reads no others', async () => {
    const world = await worldOf([
      job({ state: 'Failed', dueAt: null }),
      job({ jobId: 2n }),
      task({ jobId: 2n }),
    ]);
    expect(await audit(world, '--jobs', '2')).toMatchObject({ code: 0, looked: { jobs: 1, tasks: 1 } });
    expect(await audit(world, '--jobs', '1')).toMatchObject({ code: 1 });
  });

  it('does not tell what a pass mends meanwhile: a job with violations is read again', async () => {
    const world = await worldOf([
      job(),
      task({ state: 'Failed', dueAt: null, targets: [11n] }),
      segment(11n),
    ]);
    const { tables } = world;
    const reads = createAuditReads(
      { dynamo: disturbedClients().dynamo, signal: new AbortController().signal },
      tables,
    );
    const scan: typeof reads.scan = async function* (table) {
      for await (const items of reads.scan(table)) {
        yield items;
        if (table === 'tasks') await world.pass({ mode: 'recover' });
      }
    };
    const looked = { jobs: 0, tasks: 0, segments: 0 };
    const found = await Array.fromAsync(auditTables({ ...reads, scan }, { now: NOW, shards: 4 }, looked));
    expect({ found, looked }).toEqual({ found: [], looked: { jobs: 1, tasks: 1, segments: 1 } });
  });
});

/** Somebody has to decide, or what was done cannot be undone. */
const BY_HAND: ReadonlySet<string> = new Set([
  'a job can be read',
  'a task can be read',
  'a Completed job has no task that is not Completed',
  'a Completed job has no target that is not Flushed',
  'a segment is the target of one task',
  'a target belongs to no other job',
]);

describe('what an audit prints as a mend', () => {
  const commands = PLANTED.filter(
    ({ invariant, violation }) =>
      !BY_HAND.has(invariant) && !/it was published at|with 2 of 1 tasks/.test(violation),
  );
  it.each(commands)('mends it: $violation', async ({ invariant, rows }) => {
    const world = await worldOf(rows);
    const { kinds } = await audit(world);
    const { mend: printed } = kinds.find((kind) => kind.invariant === invariant)?.examples[0] ?? {};
    if (printed === undefined) throw new Error('the audit prints no mend');
    if (printed.by === 'recover') {
      const fixed = await commandOn(world, ['audit', '--fix', '--local', '--yes', '--json']);
      expect(invariantsOf(JSON.parse(fixed.stdout).after)).not.toContain(invariant);
    } else {
      await mend(world, printed);
      expect(invariantsOf(await audit(world))).not.toContain(invariant);
    }
  });
});

describe('an update that an audit prints for the AWS CLI', () => {
  const updates = PLANTED.filter(({ violation }) =>
    /^(a job that is settled is Failed|only a Failed job that|a task that is settled is Failed|the times of|a segment that is Dropped|a segment of a job)/.test(
      violation,
    ),
  );
  /** The item that is about to be mended, by its table and key. */
  async function printedFor(rows: readonly Row[], invariant: string) {
    const world = await worldOf(rows);
    const { kinds } = await audit(world);
    const { mend: printed } = kinds.find((kind) => kind.invariant === invariant)?.examples[0] ?? {};
    if (printed?.by !== 'aws') throw new Error(`the audit prints no update for ${invariant}`);
    const { input } = updateItemOf(printed.args.slice(1));
    const [table] = Object.entries(world.tables).find(([, name]) => name === input.TableName) ?? [];
    const key = unmarshall(input.Key ?? {}, { wrapNumbers: BigInt });
    return { world, printed, table: table as TableKind, key };
  }

  it.each(updates)('changes nothing that changed meanwhile: $violation', async ({ invariant, rows }) => {
    const { world, printed, table, key } = await printedFor(rows, invariant);
    const item = (await world.items())[table].find((one) =>
      Object.entries(key).every(([name, value]) => one[name] === value),
    );
    const { input } = updateItemOf(printed.args.slice(1));
    const conditional = Object.entries(item ?? {}).filter(
      ([name]) => !(name in key) && input.ConditionExpression?.includes(name),
    );
    expect(conditional.length).toBeGreaterThan(0);
    for (const [name, value] of conditional) {
      await world.put(table, { ...item, [name]: typeof value === 'string' ? 'Sealed' : 77n });
      const before = await world.items();
      await expect(mend(world, printed)).rejects.toThrow(ConditionalCheckFailedException);
      expect(await world.items()).toEqual(before);
    }
  });

  it.each(updates)('makes no item of one that is gone: $violation', async ({ invariant, rows }) => {
    const { world, printed, table, key } = await printedFor(rows, invariant);
    await world.remove(table, key);
    const before = await world.items();
    await expect(mend(world, printed)).rejects.toThrow(ConditionalCheckFailedException);
    expect(await world.items()).toEqual(before);
  });

  it('says of a segment that it drops when, and why', async () => {
    const { world, printed } = await printedFor([segment(12n)], 'a segment of a job is the target of a task');
    await mend(world, printed);
    expect(await world.segment(12n)).toMatchObject({
      state: 'Dropped',
      isImporting: false,
      droppedAt: BigInt(NOW),
      dropReason: 'no task of job 1 copies it',
    });
  });

  it('goes to the account that the audit was made of', async () => {
    const world = await worldOf([segment(12n)]);
    const { stdout } = await commandOn(world, ['audit', '--region', 'eu-west-1']);
    expect(stdout).toMatch(/\n {2}DO aws dynamodb update-item .* --region eu-west-1\n/);
  });

  it('is not printed for a segment that somebody may read', async () => {
    const world = await worldOf([
      submitted(1, 1, { state: 'Completed', dueAt: null }),
      task({ state: 'Completed', targets: [11n] }),
      segment(11n, 'Flushed', { isImporting: false, publishedAt: NOW }),
      segment(12n, 'Flushed', { isImporting: false, publishedAt: NOW }),
    ]);
    expect((await audit(world)).kinds).toMatchObject([
      { invariant: 'a segment of a job is the target of a task', examples: [{ mend: { by: 'hand' } }] },
    ]);
  });
});

describe('copy-segment audit --fix', () => {
  const rows: readonly Row[] = [
    job(),
    task({ state: 'Failed', dueAt: null, targets: [11n] }),
    segment(11n),
    task({ taskId: 2n, dueAt: null }),
  ];

  it('shows what a recovery would do, and makes it once somebody agrees', async () => {
    const world = await worldOf(rows);
    const declined = await commandOn(world, ['audit', '--fix', '--local'], { answer: false });
    expect(declined.code).toBe(1);
    expect(declined.stdout).toContain('\nA recovery of 1 job would do this:\nACTION ');
    expect(declined.stdout).toMatch(/\nNothing was changed\.\n$/);
    expect(await world.segment(11n)).toMatchObject({ state: 'Importing' });
    const { code, stdout } = await commandOn(world, ['audit', '--fix', '--local'], { answer: true });
    expect(stdout).toMatch(
      /\nAfter the recovery of 1 job:\n1 job, 2 tasks, 1 segment: every invariant holds\.\n$/,
    );
    expect(code).toBe(0);
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await world.messages()).toMatchObject([{ taskId: '2' }]);
  });

  it('changes nothing in a script without --yes', async () => {
    const world = await worldOf(rows);
    const before = await world.items();
    expect((await commandOn(world, ['audit', '--fix', '--local'])).code).toBe(2);
    expect(await world.items()).toEqual(before);
  });

  it('says so where a recovery mends nothing', async () => {
    const world = await worldOf([job(), task({ nodeId: 'datanode-1' })]);
    const { code, stdout } = await commandOn(world, ['audit', '--fix', '--local', '--yes']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/\nA recovery mends none of it\.\n$/);
  });
});
