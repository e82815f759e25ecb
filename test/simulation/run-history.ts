import { isDeepStrictEqual } from 'node:util';
import { HOUR } from '../support/builders.ts';
import { check } from './checker.ts';
import { createPlay, type Play } from './play.ts';
import { Foul, judgeEnd, judgeMended, judgeNothingDue, judgeTables } from './referee.ts';
import type { Decorate, Stage } from './stage.ts';
import { CALM, type History, type PassStep, type Step } from './steps.ts';
import { claim, work } from './worker.ts';

/**
 * Plays a history, and looks after every step whether all that must hold does. Then the parties are left to
 * themselves, with time, and everything has to come to its end.
 *
 * @throws Foul for what must not happen
 */
export async function runHistory(stage: Stage, { start, steps }: History, planted?: Decorate): Promise<void> {
  const play = createPlay(stage, planted);
  for (const tasks of start) await step(play, { do: 'submit', tasks });
  for (const one of steps) await step(play, one);
  await leaveAlone(play);
}

async function step(play: Play, one: Step): Promise<void> {
  const { stage } = play;
  stage.beginStep(one.do === 'pass' ? one.lag : 0);
  if (one.do !== 'pass') await play.take(one);
  else await passAndJudge(play, one);
  await judgeTables(play);
}

async function passAndJudge(play: Play, one: PassStep): Promise<void> {
  const before = one.dryRun ? await worldOf(play) : undefined;
  const report = await play.pass(one);
  const isUndisturbed = one.events.length === 0;
  if (isUndisturbed && !report?.complete)
    throw new Foul(`an undisturbed pass is not complete: ${reasonsOf(report)}`);
  if (before !== undefined && isUndisturbed && !isDeepStrictEqual(before, await worldOf(play)))
    throw new Foul('a dry run changed something');
  // A pass that says it is complete, though calls of it were refused, is held to it as well.
  const isOnlyRefused = one.events.every(
    (event) => 'fault' in event && (event.fault === 'refused' || event.fault === 'partlyRefused'),
  );
  if (!report?.complete || !isOnlyRefused || one.dryRun || one.lag > 0 || one.onlyJob !== undefined) return;
  if (one.mode === 'recover') await judgeMended(play);
  await judgeNothingDue(play);
}

const reasonsOf = (report: Awaited<ReturnType<Play['pass']>>): string =>
  report?.problems.map(({ kind, reason }) => `${kind} ${reason}`).join('; ') ?? 'it died';

const worldOf = async ({ stage }: Play) => [await stage.items(), [...stage.queue]];

/** No more trouble: passes every few hours, workers that work, a checker that checks. */
async function leaveAlone(play: Play): Promise<void> {
  const { stage } = play;
  const round = async (mode: PassStep['mode']): Promise<void> => {
    stage.clock.now += 7 * HOUR;
    await step(play, { ...CALM, mode });
    for (const message of stage.queue.splice(0)) {
      const held = await claim(stage, message);
      if (held) await work(stage, held, 'complete');
    }
    for (const jobId of play.jobIds) while (await check(stage, jobId));
    await judgeTables(play);
  };
  for (const mode of ['inspect', 'inspect', 'inspect'] as const) await round(mode);
  if (play.needsRecovery()) for (const mode of ['recover', 'inspect', 'inspect'] as const) await round(mode);
  stage.clock.now += 7 * HOUR;
  await step(play, CALM);
  await judgeEnd(play);
}
