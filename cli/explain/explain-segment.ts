import { isId } from '../../functions/copy-segment/ids.ts';
import { isPresent } from '../../functions/copy-segment/invariants-of-items.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { isJob } from '../../functions/copy-segment/job.ts';
import { timeText } from '../operate/time-text.ts';
import { explainJob } from './explain-job.ts';
import { explainTask } from './explain-task.ts';
import type { Explanation, Remedy } from './explanation.ts';
import type { Facts } from './facts.ts';
import { doing } from './remedy.ts';
import { dropByHand, endImport } from './segment-steps.ts';

/** What is known of a segment, and of the restore that it is of. */
export interface SegmentFacts {
  readonly segmentId: bigint;
  readonly segment: Item | undefined;
  /** The name of its table. */
  readonly table: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Of its job, and of its task where one names it; undefined: it bears no readable jobId. */
  readonly facts?: Facts | undefined;
}

/** A segment whose task and job are there, or not. */
interface Owned extends SegmentFacts {
  readonly segment: Item;
  readonly facts: Facts;
}

const NOT_SEARCHED = 'Tasks, for one that names it as a target: the segment bears no jobId';

/** Why a segment is where it is: it is moved by its task until that is over, and by its job from then on. */
export function explainSegment(known: SegmentFacts): Explanation {
  const { segmentId, segment, facts, table } = known;
  if (segment === undefined)
    return {
      subject: `segment ${segmentId}`,
      level: 'stuck',
      kind: 'missing',
      headline: 'there is no such segment',
      lines: [],
      remedy: { kind: 'nothing', why: 'There is nothing under this id: is it the right deployment?' },
      notRead: ['jobs and tasks'],
    };
  const { state, jobId, isImporting } = segment;
  const say = sayOf(known, segment);
  if (state === 'Dropped' && isImporting === true)
    return say(
      'importing',
      'it is Dropped and importing still: other readers do not take it for gone',
      doing(endImport(table, segmentId)),
    );
  if (facts) return explainOwned({ ...known, segment, facts });
  if (isPresent(jobId))
    return say('malformed', 'its jobId is no number (N): no pass publishes it, or drops it', {
      kind: 'nothing',
      why: 'Mend the item; then explain it again.',
    });
  return isFinal(segment)
    ? final(say, segment, [NOT_SEARCHED])
    : say(
        'unowned',
        `it is ${String(state)}, and bears no jobId: it does not say which restore it is of`,
        { kind: 'nothing', why: 'Older writers set none: explain the task that names it as a target.' },
        'stuck',
        [NOT_SEARCHED],
      );
}

function explainOwned(owned: Owned): Explanation {
  const { segment, facts, segmentId, table, now } = owned;
  const { state } = segment;
  const { job, jobId, task } = facts;
  const say = sayOf(owned, segment);
  const jobState = job !== 'missing' && isJob(job) ? job.state : undefined;
  const reading = task?.reading;
  const isNamed = reading && (!reading.ok || reading.value.targetSegmentIds.includes(segmentId));
  const isTaskFailed = reading?.ok === true && reading.value.state === 'Failed';

  if (state === 'Dropped' && (isTaskFailed || !isNamed || jobState === undefined || jobState === 'Failed'))
    return final(say, segment);
  if (jobState === 'Completed' && state !== 'Flushed')
    return state === 'Dropped' && !isPresent(segment.droppedAt)
      ? // Milvus itself drops what it has compacted.
        final(say, segment)
      : say('hole', `it is ${String(state)}, though its job is Completed: the restore is not whole`, {
          kind: 'nothing',
          why: 'A Completed job is final: restore again, as a new job with new targets.',
        });
  if (state === 'Flushed' && (jobState === 'Pending' || jobState === 'Executing')) {
    if (isPresent(segment.publishedAt))
      return say(
        'publishedEarly',
        `it is Flushed: visible, though its job is ${jobState}`,
        doing({
          args: ['cancel', String(jobId)],
          effect: 'Fails the job: what is visible is not the whole restore, and is dropped.',
        }),
      );
    return final(say, segment);
  }
  if (state === 'Flushed' && jobState !== 'Failed') return final(say, segment);
  if (!isNamed)
    return say(
      'orphan',
      `it is ${String(state)}, and ${whatIsMissing(owned)}`,
      doing(dropByHand(table, segment, now)),
    );
  const isTasks = jobState === 'Failed' || !(reading.ok && reading.value.state === 'Completed');
  const behind = task && isTasks ? explainTask({ ...facts, task }) : explainJob(facts);
  return {
    ...behind,
    subject: `segment ${segmentId}, a target of ${behind.subject}`,
    headline: `it is ${String(state)}: ${behind.headline}`,
    lines: [['segment', lineOf(segment)], ...behind.lines],
  };
}

/** Why nobody moves it. */
function whatIsMissing({ segment: { taskId }, facts: { job, jobId, task } }: Owned): string {
  const ofJob = job === 'missing' ? `its job ${jobId} does not exist` : undefined;
  const name = `${jobId}/${String(taskId)}`;
  const ofTask =
    task !== undefined
      ? `its task ${name} does not name it as a target`
      : isId(taskId)
        ? `its task ${name} does not exist`
        : `no task of job ${jobId} names it as a target`;
  return ofJob ? `${ofJob}, nor does a task that names it` : ofTask;
}

type Say = ReturnType<typeof sayOf>;

const sayOf =
  ({ segmentId }: SegmentFacts, segment: Item) =>
  (
    kind: string,
    headline: string,
    remedy: Remedy,
    level: Explanation['level'] = 'stuck',
    notRead: readonly string[] = [],
  ): Explanation => ({
    subject: `segment ${segmentId}`,
    level,
    kind,
    headline,
    lines: [['segment', lineOf(segment)]],
    remedy,
    notRead,
  });

const isFinal = ({ state }: Item): boolean => state === 'Flushed' || state === 'Dropped';

const final = (say: Say, { state }: Item, notRead: readonly string[] = []): Explanation =>
  say(
    String(state),
    `it is ${String(state)}: ${state === 'Flushed' ? 'visible' : 'gone'}`,
    { kind: 'nothing', why: 'This is final.' },
    'fine',
    notRead,
  );

function lineOf({ state, isImporting, publishedAt, droppedAt, dropReason, jobId, taskId }: Item): string {
  const at = (value: unknown): string => timeText(Number(value));
  const owner = isPresent(jobId) ? `of job ${jobId}, task ${taskId ?? 'not named'}` : 'without a jobId';
  return [
    `${state}${isImporting === true ? ', importing' : ''}`,
    ...(isPresent(publishedAt) ? [`published ${at(publishedAt)}`] : []),
    ...(isPresent(droppedAt) ? [`dropped ${at(droppedAt)}`] : []),
    ...(typeof dropReason === 'string' ? [dropReason] : []),
    owner,
  ].join('; ');
}
