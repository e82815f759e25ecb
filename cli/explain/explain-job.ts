import { toCheckedJob } from '../../functions/copy-segment/checked-job.ts';
import { isJob } from '../../functions/copy-segment/job.ts';
import { placeOf } from '../../functions/copy-segment/job-changes.ts';
import { verdictOnJob } from '../../functions/inspector/verdict.ts';
import { timeText } from '../operate/time-text.ts';
import { isWorse } from './condition.ts';
import { environmentLines } from './environment-lines.ts';
import { ago, checkerText, indexText, levelOf, statesText } from './explain-task.ts';
import type { Explanation } from './explanation.ts';
import type { Facts } from './facts.ts';
import { judgeJob } from './judge-job.ts';
import { treatJob, treatWorst } from './remedy-of-job.ts';

/** Why a job is where it is, from facts alone. */
export function explainJob(facts: Facts): Explanation {
  const { job, jobId, survey, tally, now } = facts;
  const known = job !== 'missing' && isJob(job) ? toCheckedJob(job) : undefined;
  const { own, question } = judgeJob(facts);
  const { worst } = tally;
  // A job that waits for its tasks is as well as the worst of them; one that fails does not wait for them any more.
  const isHeldUp =
    question.doom === undefined &&
    worst !== undefined &&
    isWorse(worst.condition.level, own.kind === 'submitting' ? 'late' : 'waiting') &&
    isWorse(worst.condition.level, own.level);
  const { obstacle, remedy } = (isHeldUp ? treatWorst(question) : undefined) ?? treatJob(own, question);
  const level = levelOf(isHeldUp ? worst.condition.level : own.level, remedy, obstacle !== undefined);
  const ofWorst = worst && `task ${jobId}/${worst.taskId}: ${worst.condition.because}`;
  const isExplained = own.kind === 'dropPostponed' && worst?.condition.kind === 'undropped';
  const because = isHeldUp && ofWorst ? ofWorst : isExplained ? `${own.because}: ${ofWorst}` : own.because;
  return {
    subject: `job ${jobId}`,
    level,
    kind: obstacle?.kind ?? (isHeldUp ? worst.condition.kind : own.kind),
    headline: obstacle ? `${obstacle.because}; ${because}` : because,
    lines: [
      ...(job === 'missing' ? [] : [['index', indexText(job.raw, facts)] as const]),
      ...(known ? [['inspector', verdictText(verdictOnJob(known, now))] as const] : []),
      ['checker', checkerText(facts)],
      ...environmentLines(facts),
      ...(known?.reason === undefined ? [] : [['reason', known.reason] as const]),
      ...(known?.timeoutAt === undefined || !isOpen(known.state)
        ? []
        : [['deadline', `${timeText(known.timeoutAt)}, ${ago(known.timeoutAt, now)}`] as const]),
      ...(known ? placeLines(known) : []),
      ['tasks', `${survey.total}: ${statesText(tally.byState)}`],
      ['of these', statesText(inWords(tally.byCondition))],
      ...(facts.history === undefined ? [] : [['history', facts.history] as const]),
    ],
    remedy,
    notRead: facts.unread,
  };
}

const isOpen = (state: string): boolean => state !== 'Completed' && state !== 'Failed';

const verdictText = ({ kind, because }: { readonly kind: string; readonly because: string }): string =>
  `${kind}: ${because}`;

function placeLines(job: ReturnType<typeof toCheckedJob>): (readonly [string, string])[] {
  const { through, past, undropped } = placeOf(job);
  if (job.publishedThroughTaskId !== undefined)
    return [['published', `through task ${job.publishedThroughTaskId}`]];
  if (past !== undefined) return [['dropped', `through task ${past}, but for ${undropped.join(', ')}`]];
  return through === undefined ? [] : [['dropped', `through task ${through}`]];
}

/** `neverSent` reads "never sent". */
export const inWords = (counts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).map(([kind, count]) => [wordsOf(kind), count]));

export const wordsOf = (kind: string): string =>
  kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
