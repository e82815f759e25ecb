import type { TableNames } from '../../functions/copy-segment/tables.ts';
import type { Finding } from './audit.ts';
import { updateItem } from './update-item.ts';

/** What mends a violation. */
export type Mend =
  /** A recovery of the job does: what `--fix` makes. */
  | { readonly by: 'recover' }
  /** A check of the job does. */
  | { readonly by: 'check'; readonly jobId: string }
  | { readonly by: 'command'; readonly args: readonly string[] }
  /** The AWS CLI: no pass and no command writes this. */
  | { readonly by: 'aws'; readonly args: readonly string[] }
  /** Somebody has to decide. */
  | { readonly by: 'hand'; readonly what: string };

/** What mends depend on besides their finding. */
export interface MendContext {
  readonly tables: TableNames;
  /** When the audit is made, epoch milliseconds: a segment that is dropped by a mend bears it. */
  readonly now: number;
}

type Key = Finding['key'];
type MendOf = (finding: Finding, context: MendContext) => Mend;

/** How a violation of an invariant is mended; undefined: of an invariant that nobody knows a mend for. */
export const mendOf = (finding: Finding, context: MendContext): Mend | undefined =>
  MENDS[finding.invariant]?.(finding, context);

const recover: MendOf = () => ({ by: 'recover' });
const command =
  (args: (key: Key) => readonly string[]): MendOf =>
  ({ key }) => ({ by: 'command', args: args(key) });
const hand =
  (what: string): MendOf =>
  () => ({ by: 'hand', what });

const taskName = ({ jobId, taskId }: Key): string => `${jobId}/${taskId}`;
const release = command((key) => ['release', taskName(key)]);
const RESTORE_AGAIN = hand(
  'What is visible is not the whole restore: restore again, as a new job with new targets.',
);

/** A job that can never be published right. */
const giveUp: MendOf = (finding, context) => {
  const { key, jobState } = finding;
  if (jobState === 'Pending' || jobState === 'Executing')
    return { by: 'command', args: ['cancel', String(key.jobId)] };
  if (jobState === 'Completed') return RESTORE_AGAIN(finding, context);
  const what =
    jobState === 'Publishing'
      ? 'Its checker does not publish it: it fails at its deadline, and its targets are dropped.'
      : 'Of the jobs that it is about, cancel the one that is still running, if any.';
  return { by: 'hand', what };
};

/** Nothing that a job has lost comes back; while it is Publishing, the next check fails it at once. */
const giveUpTarget: MendOf = (finding, context) =>
  finding.jobState === 'Publishing'
    ? { by: 'check', jobId: String(finding.key.jobId) }
    : giveUp(finding, context);

/** Takes away what is there although it must not be, from an item that is in the same state still. */
const removed =
  (...names: readonly string[]): MendOf =>
  (finding, { tables }) => {
    const there = names.filter((name) => (finding.found?.[name] ?? undefined) !== undefined);
    return { by: 'aws', args: updateItem(finding, tables, { remove: there, asFound: ['state', ...names] }) };
  };

/** The attribute that is wrong, and its value, as the reason of a violation says. */
const WRONG_TIME = /^(\w+) is (\d+)/;
const MIN_MS = 10n ** 12n;
const MAX_MS = 10n ** 13n;

/** A marker is mended by a recovery; another time is written as what was meant. */
const time: MendOf = (finding, { tables }) => {
  const { key, reason } = finding;
  const [, name = '', text = '0'] = WRONG_TIME.exec(reason) ?? [];
  if (name === 'dueAt' && key.segmentId === undefined) return { by: 'recover' };
  let value = BigInt(text);
  if (value > 0n) while (value < MIN_MS) value *= 1_000n;
  while (value >= MAX_MS) value /= 1_000n;
  return { by: 'aws', args: updateItem(finding, tables, { set: { [name]: value }, asFound: [name] }) };
};

/** Data that no task copies was never whole: it is dropped. What somebody may read is not, by a command that is pasted. */
const dropStray: MendOf = (finding, { tables, now }) => {
  const { found = {}, key, jobState } = finding;
  const isVisible = found.state !== 'Importing' || (found.publishedAt ?? undefined) !== undefined;
  if (isVisible && jobState !== 'Failed')
    return { by: 'hand', what: 'It may be visible: find out where its task is before anything is dropped.' };
  const set = {
    state: 'Dropped',
    droppedAt: now,
    isImporting: false,
    dropReason: `no task of job ${key.jobId} copies it`,
  };
  return {
    by: 'aws',
    args: updateItem(finding, tables, { set, asFound: ['state', 'jobId', 'publishedAt'] }),
  };
};

/** By the name of the invariant: each has one. */
export const MENDS: Readonly<Record<string, MendOf>> = {
  'a job can be read': hand('Mend the item; or have no pass look at it: copy-segment forget JOB'),
  'a job that is settled is Failed': removed('segmentsDroppedAt'),
  'a job that is Completed or settled is out of the index': recover,
  'a Failed job that is not settled has a marker': recover,
  'only a Failed job that is not settled has a place': removed(
    'droppedThroughTaskId',
    'droppedPastTaskId',
    'undroppedTaskIds',
  ),
  'a marker of a job is in a shard that passes ask': recover,
  'a marker of a job is no further ahead than the longest backoff': recover,
  'the times of a job are epoch milliseconds': time,
  'a task can be read': hand('Mend the item, then: copy-segment requeue JOB/TASK'),
  'a task that is settled is Failed': removed('segmentsDroppedAt'),
  'a task that is settled is out of the index': recover,
  'a task that is Completed is out of the index, unless its job failed': recover,
  'a Failed task that is not settled has a marker, or its job failed': recover,
  'an unfinished task has a marker, unless its job is over or it has no lease': recover,
  'a marker of a task is in a shard that passes ask': recover,
  'a marker of a task is no further ahead than its lease or the longest backoff': recover,
  'only a task that is InProgress has a lease': release,
  'a task that is Pending has no worker': release,
  'a task that lost 10 leases is Failed': command((key) => [
    'fail',
    taskName(key),
    '--reason',
    'lease lost 10 times',
  ]),
  'the times of a task are epoch milliseconds': time,
  'a segment that is Dropped is not importing': (finding, { tables }) => ({
    by: 'aws',
    args: updateItem(finding, tables, {
      set: { isImporting: false },
      asFound: ['state', 'jobId', 'isImporting'],
    }),
  }),
  'a segment is the target of one task': giveUp,
  'what is settled has no target left': command((key) => ['requeue', taskName(key)]),
  'the times of a segment are epoch milliseconds': time,
  'a target is published only while its job is Publishing': giveUp,
  'a Completed job has no task that is not Completed': RESTORE_AGAIN,
  'a Completed job has no target that is not Flushed': RESTORE_AGAIN,
  'a running job that was submitted has a marker': recover,
  'a job that was filled has all of its tasks': giveUp,
  'a target of a running job is Dropped only if its task failed': giveUpTarget,
  'a task has its targets, all of its own job': giveUp,
  'a segment of a job is the target of a task': dropStray,
  'a task that is InProgress has a lease': command((key) => ['release', taskName(key), '--without-lease']),
  'a task that is not over has a job': command((key) => [
    'fail',
    taskName(key),
    '--reason',
    'its job is missing',
  ]),
  'a target belongs to no other job': hand(
    'Two jobs were given the same target: look at whoever allocates ids. No pass touches it.',
  ),
};
