import { describe, expect, it } from 'vitest';
import type { PassReport } from '../functions/inspector/report/pass-report.ts';
import { job, task } from './support/builders.ts';
import { type DisturbedCall, embeddedWorld, type World } from './support/embedded-world.ts';

// A scan of Jobs that takes more than half of a pass, so that the work is done in the table's own order, in as many passes
// as it takes.

const idsTo = (count: number): bigint[] => Array.from({ length: count }, (_, index) => BigInt(index + 1));

/** What was seen of one pass, and what it was asked. */
interface SeenPass {
  readonly event: Record<string, unknown>;
  readonly report: PassReport;
  /** `job/task` of each task in the order in which it was read. */
  readonly read: string[];
}

/** Passes, each resuming where the one before says, until one is complete. */
async function recoverInPasses(
  world: World,
  { stepsPerPass, isStep }: { stepsPerPass: number; isStep: (call: DisturbedCall) => boolean },
): Promise<SeenPass[]> {
  const passes: SeenPass[] = [];
  let event: Record<string, unknown> = { mode: 'recover' };
  for (;;) {
    const read: string[] = [];
    let [steps, left] = [0, 800_000];
    const report = await world.pass(event, {
      remainingMs: () => (steps >= stepsPerPass ? 5_000 : left),
      disturb: async (call) => {
        const { operation, input, proceed } = call;
        if (isStep(call)) steps++;
        if (operation === 'Scan') {
          input.Limit = 5;
          left = 350_000;
        }
        if (operation !== 'Query') return proceed();
        input.Limit = 100;
        const answer = (await proceed()) as { output: { Items: { jobId: bigint; taskId: bigint }[] } };
        read.push(...answer.output.Items.map(({ jobId, taskId }) => `${jobId}/${taskId}`));
        return answer;
      },
    });
    passes.push({ event, report, read });
    if (report.complete) return passes;
    const { fromJobId, fromTaskId, scannedThrough } = report;
    const next = {
      mode: 'recover',
      ...(fromJobId && { fromJobId }),
      ...(fromTaskId && { fromTaskId }),
      ...(scannedThrough && { scannedThrough }),
    };
    expect(next, 'a pass that makes no step is repeated for ever').not.toEqual(event);
    event = next;
  }
}

/** The tasks in the midst of a job at which passes resumed. */
const resumedWithin = (passes: readonly SeenPass[], job: string): { after: number; read: number[] }[] =>
  passes.flatMap(({ event, read }) => {
    const place = String(event.scannedThrough);
    if (!place.startsWith(`${job}/`)) return [];
    const [, jobId, taskId] = place.split('/');
    const ofJob = read.filter((key) => key.startsWith(`${jobId}/`)).map((key) => Number(key.split('/')[1]));
    return [{ after: Number(taskId), read: ofJob }];
  });

const sends = ({ operation }: DisturbedCall): boolean => operation === 'SendMessageBatch';
const writes = ({ operation }: DisturbedCall): boolean =>
  operation === 'BatchExecuteStatement' || operation === 'UpdateItem';
const keysOf = (messages: readonly { jobId: string; taskId: string }[]): string[] =>
  messages.map(({ jobId, taskId }) => `${jobId}/${taskId}`);

describe('a recovery in the order of the table', () => {
  it('resumes in the midst of a job that is too large for a pass, and reads nothing of it again that is done', async () => {
    const world = await embeddedWorld();
    const small = idsTo(12).filter((jobId) => jobId !== 7n);
    await world.has(
      idsTo(12).map((jobId) => job({ jobId })),
      small.map((jobId) => task({ jobId, dueAt: null })),
      idsTo(950).map((taskId) => task({ jobId: 7n, taskId, dueAt: null })),
    );
    const passes = await recoverInPasses(world, { stepsPerPass: 20, isStep: sends });

    const resumed = resumedWithin(passes, 'jobs/7');
    expect(resumed.length).toBeGreaterThan(2);
    for (const { after, read } of resumed) expect(Math.min(...read)).toBe(after + 1);
    expect(passes.length).toBeLessThan(10);
    expect(keysOf(await world.messages()).toSorted()).toEqual(
      [...small.map((jobId) => `${jobId}/1`), ...idsTo(950).map((taskId) => `7/${taskId}`)].toSorted(),
    );
  });

  it('resumes in the midst of a page of jobs that are too many for a pass', async () => {
    const world = await embeddedWorld();
    await world.has(
      idsTo(8).flatMap((jobId) => [
        job({ jobId }),
        ...idsTo(100).map((taskId) => task({ jobId, taskId, dueAt: null })),
      ]),
    );
    const passes = await recoverInPasses(world, { stepsPerPass: 10, isStep: sends });
    expect(passes.length).toBeLessThan(12);
    const sent = keysOf(await world.messages());
    expect(sent).toHaveLength(800);
    expect(new Set(sent)).toHaveLength(800);
  });

  it('leaves out the jobs before the one from which it was started, in each of its passes', async () => {
    const world = await embeddedWorld();
    await world.has(
      idsTo(6).flatMap((jobId) => [
        job({ jobId }),
        ...idsTo(100).map((taskId) => task({ jobId, taskId, dueAt: null })),
      ]),
    );
    const event = { mode: 'recover', fromJobId: '4', fromTaskId: '51', scannedThrough: 'jobs/5/20' };
    expect(await world.pass(event)).toMatchObject({ complete: true });
    const sent = keysOf(await world.messages());
    expect(sent).toContain('5/21');
    for (const key of ['1/1', '2/1', '3/1', '4/50', '5/20']) expect(sent).not.toContain(key);
  });
});

describe('a recovery of tasks whose jobs are missing', () => {
  it('resumes in the midst of a job, and neither reads nor scans what is done again', async () => {
    const world = await embeddedWorld();
    await world.has(
      [job({ jobId: 1n }), task({ jobId: 1n })],
      [802n, 803n].map((jobId) => task({ jobId, dueAt: null })),
      idsTo(750).map((taskId) => task({ jobId: 801n, taskId, dueAt: null })),
    );
    const passes = await recoverInPasses(world, { stepsPerPass: 8, isStep: writes });

    const resumed = resumedWithin(passes, 'tasks/801').filter(({ read }) => read.length > 0);
    expect(resumed.length).toBeGreaterThan(1);
    for (const { after, read } of resumed) expect(Math.min(...read)).toBe(after + 1);
    const { tasks } = await world.items();
    expect(tasks.filter(({ dueAt }) => dueAt === undefined)).toEqual([]);
    // A page of a scan holds five keys here: 750 would be 150 pages, in every pass.
    const scans = passes.reduce((sum, { report }) => sum + (report.requests.byOperation.Scan ?? 0), 0);
    expect(scans).toBeLessThan(20);
  });
});
