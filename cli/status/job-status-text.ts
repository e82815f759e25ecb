import { isJob } from '../../functions/copy-segment/job.ts';
import type { CommandCall } from '../commands/command.ts';
import { inWords } from '../explain/explain-job.ts';
import { statesText } from '../explain/explain-task.ts';
import type { Explanation } from '../explain/explanation.ts';
import type { Facts } from '../explain/facts.ts';
import { shellLine } from '../terminal/shell-line.ts';
import { wrapped } from '../terminal/wrapped.ts';
import { numberOf } from './job-in-progress.ts';
import { barOf } from './show-status.ts';

/** One job for a person: how far it is, what its tasks are in, and the worst about it. */
export function jobStatusText(
  { job, jobId, survey, tally }: Facts,
  { level, headline }: Pick<Explanation, 'level' | 'headline'>,
  width: number,
  commandFor: CommandCall<unknown>['commandFor'],
): string {
  const { counters, total, distinctTargets } = survey;
  const raw = job === 'missing' ? {} : job.raw;
  const state = job === 'missing' ? 'missing' : isJob(job) ? job.state : 'unreadable';
  const isWell = level === 'fine' || level === 'waiting';
  return [
    `Job ${jobId} is ${state}.`,
    '',
    `segments  ${barOf({ done: counters.completedSegments, of: numberOf(raw.totalSegments) ?? distinctTargets })}`,
    `tasks     ${barOf({ done: counters.completedTasks, of: numberOf(raw.totalTasks) ?? total })}`,
    `          ${statesText(tally.byState)}`,
    `          ${statesText(inWords(tally.byCondition))}`,
    '',
    wrapped(`${isWell ? '' : 'Not healthy: '}${headline}.`, width),
    ...(isWell
      ? []
      : [wrapped(`Why, and what to do: ${shellLine(commandFor('explain', String(jobId)))}`, width)]),
  ].join('\n');
}
