import { isDeepStrictEqual } from 'node:util';
import type { Item } from '../../../functions/copy-segment/item.ts';
import { HOUR, MINUTE } from '../../support/builders.ts';
import { Foul } from '../referee.ts';
import { BUCKET } from './memory-bucket.ts';
import { memoryLoopStage } from './memory-stage.ts';
import { createLoopPlay, type LoopPlay } from './play.ts';
import { objectsOf, obstacleOf, type Restore } from './restores.ts';
import type { LoopStage, Mutant } from './stage.ts';
import type { LoopHistory } from './steps.ts';
import { watchLoop } from './watch.ts';
import { quiet } from './wire.ts';

const noMutant: Mutant = (ports) => ports;

/**
 * Plays a history, and looks after every step whether all that must hold does. Then nobody disturbs anything any more, and
 * every restore has to come to its end.
 *
 * @throws Foul for what must not happen
 */
export async function runLoop(
  stage: LoopStage,
  history: LoopHistory,
  { mutant = noMutant, fouls = [] }: { readonly mutant?: Mutant; readonly fouls?: readonly string[] } = {},
): Promise<void> {
  const play = createLoopPlay(stage, history, mutant);
  await play.prepare();
  const whistle = (): void => {
    if (fouls.length > 0) throw new Foul(fouls.join('; '));
  };
  for (const step of history.steps) {
    await play.take(step);
    whistle();
  }
  stage.freezeIndex(false);
  await finish(play);
  await untilOver(play, whistle);
  await judgeEnds(play);
  await judgeRepeats(play);
  whistle();
}

/** On tables and objects in memory, every write of which is watched. */
export async function runLoopInMemory(history: LoopHistory, mutant?: Mutant): Promise<void> {
  const fouls: string[] = [];
  const report = (foul: string): number => fouls.push(foul);
  const stage: LoopStage = memoryLoopStage((written, tables) =>
    watchLoop(written, tables, { now: () => stage.clock.now, report }),
  );
  await runLoop(stage, history, { fouls, ...(mutant && { mutant }) });
}

/** More requests than any history leaves: who asks on for ever never ends. */
const MAX_MOVES = 50_000;

/** Every process comes to its end, undisturbed. */
async function finish(play: LoopPlay): Promise<void> {
  const { wire, stage } = play;
  for (let moves = 0; play.running().length > 0 || wire.waiting.length > 0; moves++) {
    if (moves === MAX_MOVES) throw new Foul('a process does not come to its end');
    await quiet();
    if (wire.waiting.length > 0) await wire.letThrough(0);
    else {
      const next = wire.nextTimerAt();
      if (next === undefined) continue;
      stage.clock.now = Math.max(stage.clock.now, next);
      await wire.fireTimers();
    }
  }
  await play.judge();
}

/** What a schedule and a queue would do, as long as anything is left to do. */
async function untilOver(play: LoopPlay, whistle: () => void): Promise<void> {
  const { stage, parties } = play;
  const pauses = [...Array<number>(12).fill(20 * MINUTE), ...Array<number>(12).fill(7 * HOUR)];
  for (const pause of pauses) {
    for (const restore of play.restores) play.start(parties.submit(restore));
    await finish(play);
    for (let turn = 0; turn < 3; turn++) {
      play.start(parties.inspect('inspect'));
      await finish(play);
      for (const body of [...stage.queue]) {
        await play.take({ do: 'work', message: stage.queue.indexOf(body) });
        await finish(play);
      }
      play.start(parties.check('check'));
      await finish(play);
      whistle();
    }
    if ((await jobsOf(play)).every(isOver)) return;
    stage.clock.now += pause;
  }
}

const jobsOf = async ({ stage, restores }: LoopPlay): Promise<(Item | undefined)[]> => {
  const { jobs } = await stage.tables();
  return restores.map(({ jobId }) => jobs.find((item) => item.jobId === jobId));
};

const isOver = (job: Item | undefined): boolean =>
  job?.state === 'Completed' || (job?.state === 'Failed' && job.segmentsDroppedAt !== undefined);

async function judgeEnds(play: LoopPlay): Promise<void> {
  const jobs = await jobsOf(play);
  for (const [index, restore] of play.restores.entries()) {
    const job = jobs[index];
    if (!isOver(job)) throw new Foul(`job ${restore.jobId} is ${job?.state ?? 'missing'} for ever`);
    if (job?.state === 'Completed') await judgeCompleted(play, restore);
    else await judgeFailed(play, restore, String(job?.reason));
  }
}

async function judgeCompleted({ stage, tampered, missed }: LoopPlay, restore: Restore): Promise<void> {
  const { segments } = await stage.tables();
  const mine = segments.filter(({ jobId }) => jobId === restore.jobId);
  const flushed = mine.filter(({ state, isImporting }) => state === 'Flushed' && isImporting === false);
  if (flushed.length !== restore.segments)
    throw new Foul(`job ${restore.jobId} is Completed with ${flushed.length} of ${restore.segments} Flushed`);
  for (const { source, target } of objectsOf(restore)) {
    if (missed.has(source)) continue;
    const content = await stage.bucket.content(target);
    const versions = new Set(content?.split(', ').map((run) => run.split(' ')[0]));
    const strange = [...versions].find((version) => version && !version.startsWith(`${BUCKET}/${source}`));
    if (strange) throw new Foul(`${target} has the bytes of ${strange}, and its job is Completed`);
    if (versions.size > 1) throw new Foul(`${target} is of several versions: ${content}`);
    if (tampered.has(source)) continue;
    const original = await stage.bucket.content(source);
    if (content !== original) throw new Foul(`${target} is ${content ?? 'missing'} instead of ${original}`);
  }
}

async function judgeFailed(play: LoopPlay, restore: Restore, reason: string): Promise<void> {
  const { segments } = await play.stage.tables();
  const left = segments.find(({ jobId, state }) => jobId === restore.jobId && state !== 'Dropped');
  if (left) throw new Foul(`job ${restore.jobId} failed, and ${left.segmentId} is ${left.state}`);
  if (restore.isObstructed) {
    const obstacle = segments.find(({ segmentId }) => segmentId === obstacleOf(restore));
    if (obstacle?.state !== 'Flushed') throw new Foul('the segment of another job was dropped');
  }
  const isTampered = objectsOf(restore).some(({ source }) => play.tampered.has(source));
  const mayFail =
    (reason.startsWith('timeout') && play.stage.clock.now >= 0) ||
    (reason.startsWith('cancelled') && play.cancelled.has(restore.jobId)) ||
    (reason.includes('already') && restore.isObstructed) ||
    (/tasks? failed/.test(reason) && (isTampered || /after 10 retries|lease lost/.test(reason)));
  if (!mayFail) throw new Foul(`job ${restore.jobId} failed without a cause: ${reason}`);
}

/** Submitted once more, a restore says how it ended, and nothing is written. */
async function judgeRepeats(play: LoopPlay): Promise<void> {
  const before = await play.stage.tables();
  const jobs = await jobsOf(play);
  for (const [index, restore] of play.restores.entries()) {
    const repeat = play.parties.submit(restore);
    play.start(repeat);
    await finish(play);
    const result = await repeat.result;
    if (result?.kind !== 'found' || result.state !== jobs[index]?.state)
      throw new Foul(`a repeat of job ${restore.jobId} says ${JSON.stringify(result, asText)}`);
  }
  if (!isDeepStrictEqual(await play.stage.tables(), before)) throw new Foul('a repeat wrote something');
}

const asText = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
