import type { Item } from '../../functions/copy-segment/item.ts';
import type { PassReport } from '../../functions/inspector/report/pass-report.ts';
import { cancel, check, complete, publishSegment } from './checker.ts';
import { playPass } from './play-pass.ts';
import { FOREIGN_JOB, jobItem, segmentItem, strangersTask, type TaskSeed, taskItem } from './records.ts';
import { violationsOf } from './restores.ts';
import type { Decorate, Stage } from './stage.ts';
import type { PassStep, Step } from './steps.ts';
import { claim, type Held, work } from './worker.ts';

/** Jobs of real sizes sort as numbers: the last of them is beyond 2^53. */
const JOB_IDS = [9n, 10n, 449_999_999_999_999_991n];

/** The parties at work on a stage, and what they remember. */
export type Play = ReturnType<typeof createPlay>;

/** @param planted a bug, between a pass and its stores with all their faults */
export function createPlay(stage: Stage, planted: Decorate = (stores) => stores) {
  const held: Held[] = [];
  const jobIds: bigint[] = [];
  let segments = 0n;
  let orphans = 0n;

  /** What strangers broke, until a recovery mends it: no pass may break anything more. */
  const excused = new Set<string>();
  /** Jobs that somebody else made a contradiction of. */
  const contradictory = new Set<bigint>();
  /** Whether only a recovery can find everything. */
  let needsRecovery = false;

  const play = {
    stage,
    excused,
    contradictory,
    jobIds: jobIds as readonly bigint[],
    needsRecovery: () => needsRecovery,

    async take(step: Step): Promise<void> {
      switch (step.do) {
        case 'submit':
          return submit(step.tasks);
        case 'lateTask':
          return lateTaskOf(jobAt(step.job), step.first, { ...step.seed, state: 'Pending' });
        case 'strangersTask':
          return byStranger(() => strangersLateTask(step));
        case 'orphan':
          return addTask(FOREIGN_JOB + ++orphans, 1n, step.seed);
        case 'claim':
          return take(step);
        case 'work': {
          const one = at(held, step.held);
          if (one) await work(stage, one, step.deed);
          return;
        }
        case 'check':
          return void (await check(stage, jobAt(step.job)));
        case 'cancel':
          return cancel(stage, jobAt(step.job));
        case 'completeBlindly':
          return byStranger(async () => {
            contradictory.add(jobAt(step.job));
            await complete(stage, jobAt(step.job));
          });
        case 'publishBlindly':
        case 'adopt':
          return byStranger(() => meddle(step.do, step.segment));
        case 'wait':
          stage.clock.now += step.ms;
          return;
        case 'pass':
          return void (await play.pass(step));
        case 'overlap':
          return void (await Promise.all(step.passes.map((pass) => play.pass(pass, step.turns))));
      }
    },

    /** @returns undefined if the pass died */
    pass: (step: PassStep, turns?: readonly number[]): Promise<PassReport | undefined> =>
      playPass(stage, step, { planted, turns, takeAll, jobAt }),
  };

  async function takeAll(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await play.take(step);
  }

  async function submit(tasks: readonly TaskSeed[]): Promise<void> {
    const jobId = JOB_IDS[jobIds.length] ?? 1_000n + BigInt(jobIds.length);
    await stage.put('jobs', jobItem(jobId, stage.clock.now));
    jobIds.push(jobId);
    // Task ids leave room for late ones before the first and between.
    for (const [index, seed] of tasks.entries()) await addTask(jobId, BigInt(10 * (index + 1)), seed);
  }

  async function addTask(
    jobId: bigint,
    taskId: bigint,
    seed: TaskSeed,
    change: (task: Item) => Item = (task) => task,
  ): Promise<void> {
    const ids = seed.targets.map(() => ++segments * 10n);
    for (const [index, kind] of seed.targets.entries()) {
      const owner = kind === 'ownerless' ? undefined : kind === 'foreign' ? FOREIGN_JOB : jobId;
      if (kind !== 'missing') await stage.put('segments', segmentItem(ids[index] as bigint, owner));
    }
    const task = taskItem(jobId, taskId, ids, seed, stage.clock.now);
    if (seed.state === 'Held') held.push({ jobId, taskId, taskVersion: BigInt(task.taskVersion as number) });
    await stage.put('tasks', change(task));
  }

  /** Beside a Completed job it breaks what holds of one: that is its writer's fault. */
  async function lateTaskOf(jobId: bigint, first: boolean, seed: TaskSeed): Promise<void> {
    const job = (await stage.items()).jobs.find((item) => item.jobId === jobId);
    const add = () => lateTask(jobId, first, seed);
    await (job?.state === 'Completed' ? byStranger(add) : add());
  }

  async function lateTask(jobId: bigint, first: boolean, seed: TaskSeed, change?: (task: Item) => Item) {
    const ids = (await stage.items()).tasks
      .filter((task) => task.jobId === jobId)
      .map(({ taskId }) => taskId as bigint);
    const sorted = ids.sort((a, b) => (a < b ? -1 : 1));
    const taskId = first ? (sorted[0] ?? 10n) - 1n : (sorted.at(-1) ?? 0n) + 1n;
    if (taskId > 0n) await addTask(jobId, taskId, seed, change);
  }

  async function strangersLateTask({
    job,
    kind,
    seed,
  }: Extract<Step, { do: 'strangersTask' }>): Promise<void> {
    const jobId = jobAt(job);
    needsRecovery = true;
    // Readable as a list, so that one of its targets can be spoilt.
    const compact = seed.compact && !kind.startsWith('unreadableTarget');
    const state = 'Pending';
    // Of a segment that nobody owns, nobody could tell that it is another restore's as well.
    const owned = (await stage.items()).segments.filter(({ jobId: owner }) => owner !== undefined);
    const shared = at(owned, Number(jobId % 7n))?.segmentId as bigint | undefined;
    await lateTask(jobId, false, { ...seed, compact, state }, (task) => {
      if (kind !== 'sharedTarget' || shared === undefined) return strangersTask(task, kind, stage.clock.now);
      for (const other of jobIds) contradictory.add(other);
      return taskItem(jobId, task.taskId as bigint, [shared], { ...seed, state }, stage.clock.now);
    });
  }

  async function take({ message, keep, hasLease }: Extract<Step, { do: 'claim' }>): Promise<void> {
    const one = at(stage.queue, message);
    if (one === undefined) return;
    if (!keep) stage.queue.splice(stage.queue.indexOf(one), 1);
    if (!hasLease) needsRecovery = true;
    const { tasks } = await stage.items();
    const task = tasks.find(
      ({ jobId, taskId }) => String(jobId) === one.jobId && String(taskId) === one.taskId,
    );
    const claimIt = async (): Promise<void> => {
      const taken = await claim(stage, one, hasLease);
      if (taken) held.push(taken);
    };
    // A message of a task whose mark was lost: it has no shard yet, and a worker writes none.
    const isUnmarked = task?.dueShard === undefined && task?.enqueuedAt === undefined;
    await (isUnmarked ? byStranger(claimIt) : claimIt());
  }

  async function meddle(how: 'publishBlindly' | 'adopt', index: number): Promise<void> {
    const { segments: all } = await stage.items();
    const segment = at(
      all.filter(
        ({ state, jobId }) => state === 'Importing' && (how === 'publishBlindly' || jobId === undefined),
      ),
      index,
    );
    if (segment === undefined) return;
    if (how === 'adopt') return stage.put('segments', { ...segment, jobId: FOREIGN_JOB });
    if (segment.jobId !== undefined) contradictory.add(segment.jobId as bigint);
    return publishSegment(stage, segment);
  }

  /** What it breaks is not the inspector's fault. */
  async function byStranger(deed: () => Promise<void>): Promise<void> {
    const before = violationsOf(await stage.items(), stage.clock.now);
    await deed();
    for (const name of violationsOf(await stage.items(), stage.clock.now).keys())
      if (!before.has(name)) excused.add(name);
  }

  const jobAt = (index: number): bigint => at(jobIds, index) ?? 1n;
  return play;
}

const at = <T>(list: readonly T[], index: number): T | undefined => list[index % list.length];
