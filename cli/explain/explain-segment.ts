import { isPresent } from '../../functions/copy-segment/invariants-of-items.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { timeText } from '../operate/time-text.ts';
import type { Explanation } from './explanation.ts';

/** What is known of a segment, and the explanation of the task that it is a target of, or of its job. */
export interface SegmentFacts {
  readonly segmentId: bigint;
  readonly segment: Item | undefined;
  /** Of its task, or of its job where it has none. */
  readonly behind?: Explanation | undefined;
}

/** Why a segment is where it is: it is moved by its task until that is over, and by its job from then on. */
export function explainSegment({ segmentId, segment, behind }: SegmentFacts): Explanation {
  const subject = `segment ${segmentId}`;
  if (segment === undefined)
    return {
      subject,
      level: 'stuck',
      kind: 'missing',
      headline: 'there is no such segment',
      lines: [],
      remedy: { kind: 'nothing', why: 'There is nothing under this id: is it the right deployment?' },
      notRead: ['jobs and tasks'],
    };
  const { state, jobId, taskId } = segment;
  const owner = isPresent(jobId) ? `of job ${jobId}, task ${taskId ?? 'unknown'}` : 'of no copy job';
  const own = `${lineOf(segment)}; ${owner}`;
  const isFinal = state === 'Flushed' || state === 'Dropped';
  if (isFinal || behind === undefined)
    return {
      subject,
      level: isFinal ? 'fine' : 'stuck',
      kind: isFinal ? String(state) : 'unowned',
      headline: isFinal
        ? `it is ${state}: ${state === 'Flushed' ? 'visible' : 'gone'}`
        : 'no copy job owns it',
      lines: [['segment', own]],
      remedy: {
        kind: 'nothing',
        why: isFinal ? 'This is final.' : `It is ${state}, and of no restore: whoever wrote it knows more.`,
      },
      notRead: [],
    };
  return {
    ...behind,
    subject: `${subject}, a target of ${behind.subject}`,
    headline: `it is ${state}: ${behind.headline}`,
    lines: [['segment', `${own}; job ${jobId ?? 'unknown'}, task ${taskId ?? 'unknown'}`], ...behind.lines],
  };
}

function lineOf({ state, isImporting, publishedAt, droppedAt, dropReason }: Item): string {
  const at = (value: unknown): string => timeText(Number(value));
  return [
    `${state}${isImporting === true ? ', importing' : ''}`,
    ...(publishedAt === undefined || publishedAt === null ? [] : [`published ${at(publishedAt)}`]),
    ...(droppedAt === undefined || droppedAt === null ? [] : [`dropped ${at(droppedAt)}`]),
    ...(typeof dropReason === 'string' ? [dropReason] : []),
  ].join('; ');
}
