import type { MappingTotals } from '../../functions/copy-segment/submission.ts';
import type { Issue, Issues } from '../../functions/submit/issues.ts';
import type { SubmitResult } from '../../functions/submit/submit-result.ts';
import { countOf } from '../terminal/count-of.ts';
import { EXIT, type ExitCode } from './exit-code.ts';

/** How the command ended: as the submit did, or without an answer. */
export type SubmitOutcome = SubmitResult | { readonly kind: 'interrupted'; readonly reason: string };

export function exitCodeOf(outcome: SubmitOutcome): ExitCode {
  switch (outcome.kind) {
    case 'submitted':
      return EXIT.ok;
    case 'found':
      return outcome.state === 'Failed' ? EXIT.wrong : EXIT.ok;
    case 'failed':
    case 'conflict':
      return EXIT.wrong;
    case 'refused':
      return EXIT.usage;
    case 'interrupted':
      return EXIT.aws;
  }
}

/** For a person: what was found, what was done about it, and what to do next. */
export function describeOutcome(outcome: SubmitOutcome, jobId: bigint | undefined): string {
  switch (outcome.kind) {
    case 'submitted':
      return describeSubmitted(outcome, jobId);
    case 'found':
      return [
        `Job ${jobId} was submitted before, with the same mappings: it is ${outcome.state}.`,
        ...(outcome.reason === undefined ? [] : [`Reason: ${outcome.reason}`]),
        outcome.state === 'Failed'
          ? 'This is final. To restore, submit a new job with new targets.'
          : 'There was nothing to do.',
      ].join('\n');
    case 'failed':
      return [
        `Job ${jobId} failed: ${outcome.reason}.`,
        'The inspector drops the targets that it had. To restore, submit a new job with new targets.',
      ].join('\n');
    case 'conflict':
      return [
        `Job ${jobId} is there already, and is another restore. Nothing was written.`,
        ...outcome.differences.map((difference) => `  ${DIFFERENCES[difference] ?? difference}`),
        'A job id stands for one restore: submit this one under another id, with new targets.',
      ].join('\n');
    case 'refused':
      return `Nothing was written.\n${describeIssues(outcome.issues)}`;
    case 'interrupted':
      return outcome.reason;
  }
}

function describeSubmitted(
  { state, totals, resumedAfterTaskId }: Extract<SubmitOutcome, { kind: 'submitted' }>,
  jobId: bigint | undefined,
): string {
  const done =
    totals.segments === 0
      ? 'there were no segments to copy'
      : `${sizeOf(totals)}; the inspector hands them out`;
  const found =
    resumedAfterTaskId === undefined
      ? []
      : [
          resumedAfterTaskId === 0n
            ? 'It was there without tasks, from a submit that did not end.'
            : `It was filled up to task ${resumedAfterTaskId} of ${totals.tasks}, by a submit that did not end: resumed after that.`,
        ];
  return [`Job ${jobId} is ${state}: ${done}.`, ...found].join('\n');
}

const sizeOf = ({ segments, tasks, rows }: MappingTotals): string =>
  `${countOf(segments, 'segment')} in ${countOf(tasks, 'task')}, ${countOf(rows, 'row')}`;

const DIFFERENCES: Readonly<Record<string, string>> = {
  mappingsDigest: 'its mappings differ',
  collectionId: 'its collectionId differs',
  sourceCollectionId: 'its sourceCollectionId differs',
  source: 'its source differs',
  target: 'its target differs',
};

function describeIssues({ listed, total }: Issues): string {
  const more = total - listed.length;
  return [...listed.map(describeIssue), ...(more > 0 ? [`… and ${more} more`] : [])].join('\n');
}

const describeIssue = ({ line, field, reason }: Issue): string =>
  `${line === undefined ? '' : `line ${line}: `}${field === undefined ? '' : `${field} `}${reason}`;
