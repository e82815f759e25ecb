import { verdictOn as checkerVerdictOn } from '../../functions/checker/verdict.ts';
import { toCheckedJob } from '../../functions/copy-segment/checked-job.ts';
import { isInIndex } from '../../functions/copy-segment/due-index.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { isJob } from '../../functions/copy-segment/job.ts';
import { isDispatchable, type Task, type TaskSighting } from '../../functions/copy-segment/task.ts';
import { verdictOn } from '../../functions/inspector/verdict.ts';
import { LEASE_MS } from '../../functions/worker/worker.ts';
import { spanText, timeText } from '../operate/time-text.ts';
import { countOf } from '../terminal/count-of.ts';
import type { Condition, Level } from './condition.ts';
import { environmentLines } from './environment-lines.ts';
import type { Explanation, Remedy } from './explanation.ts';
import type { Facts } from './facts.ts';
import { judgeJob } from './judge-job.ts';
import { withMessage } from './message-lost.ts';
import { treatJob } from './remedy-of-job.ts';
import { treatTask } from './remedy-of-task.ts';
import { conditionOfTask, type TaskConditionKind } from './task-condition.ts';

/** Why a task is where it is, from facts alone. */
export function explainTask(facts: Facts & { readonly task: TaskSighting<Task> }): Explanation {
  const { task: sighting, job, jobId } = facts;
  const { key, reading } = sighting;
  const found = conditionOfTask(sighting, job, facts, facts.targets);
  const own = withMessage(found, sighting.raw, facts.queue, facts.now);
  const task = reading.ok ? reading.value : undefined;
  const { question, own: ofJob } = judgeJob(facts);
  const isDoomed = question.doom !== undefined && task?.state !== 'Failed' && COPIED_ON.has(own.kind);
  // What becomes of it is its job's affair.
  const isJobs = isDoomed || own.kind === 'droppedWithJob';
  const condition: Condition<string> = isDoomed
    ? {
        kind: 'doomed',
        level: ofJob.level,
        because: `its restore is lost, and its job is to be failed: ${question.doom}`,
      }
    : isJobs
      ? { ...ofJob, because: `${own.because}; of that: ${ofJob.because}` }
      : own;
  const { obstacle, remedy } = isJobs
    ? treatJob(ofJob, question)
    : treatTask(
        own,
        {
          jobId,
          taskId: String(key.taskId),
          jobState: question.jobState,
          targets: task?.targetSegmentIds.length,
          dueAt: task?.dueAt,
          leaseExpiresAt: task && isDispatchable(task) ? task.leaseExpiresAt : undefined,
          now: facts.now,
        },
        facts,
      );
  return {
    subject: `task ${jobId}/${key.taskId}`,
    level: levelOf(condition.level, remedy, obstacle !== undefined),
    kind: obstacle?.kind ?? condition.kind,
    headline: obstacle ? `${obstacle.because}; ${condition.because}` : condition.because,
    lines: [
      ['index', indexText(sighting.raw, facts)],
      ['inspector', inspectorText(facts, sighting)],
      ['checker', checkerText(facts)],
      ...environmentLines(facts),
      ...(task ? taskLines(task, facts) : []),
      ['siblings', statesText(facts.tally.byState)],
      ...(facts.history === undefined ? [] : [['history', facts.history] as const]),
    ],
    remedy,
    notRead: facts.unread,
  };
}

/** What is done about these copies on, or keeps a job from being published: in vain once the job fails. */
const COPIED_ON: ReadonlySet<TaskConditionKind> = new Set([
  'completed',
  'neverSent',
  'inQueue',
  'messageLost',
  'overdue',
  'backingOff',
  'leaseRunning',
  'leaseLost',
  'noLease',
  'missingMarker',
  'wrongShard',
  'markerTooFar',
  'foreign',
  'targetLost',
]);

/** What only waits for the next pass is not late yet; what no pass can do is stuck. */
export const levelOf = (level: Level, remedy: Remedy, isObstructed: boolean): Level =>
  isObstructed ? 'stuck' : level === 'late' && remedy.kind === 'wait' ? 'waiting' : level;

/** An item's place in the index, in words. */
export function indexText(raw: Item, { now, shards }: Pick<Facts, 'now' | 'shards'>): string {
  const number = (value: unknown): number | undefined =>
    typeof value === 'bigint' || typeof value === 'number' ? Number(value) : undefined;
  const [dueAt, dueShard] = [number(raw.dueAt), number(raw.dueShard)];
  if (dueAt === undefined) return 'not in it: it has no dueAt';
  const when = `due ${timeText(dueAt)}, ${ago(dueAt, now)}`;
  return isInIndex({ dueAt, dueShard }, shards)
    ? `shard ${dueShard} of ${shards}, ${when}`
    : `shard ${dueShard ?? 'missing'}, which no pass asks (0 to ${shards - 1}), ${when}`;
}

export const ago = (at: number, now: number): string =>
  at <= now ? `${spanText(now - at)} ago` : `in ${spanText(at - now)}`;

function inspectorText({ job, now }: Facts, { reading }: TaskSighting<Task>): string {
  if (!reading.ok) return `malformed: ${reading.reason}`;
  const { kind, because } = verdictOn(reading.value, job, now, 'inspect');
  return `${kind}: ${because}`;
}

/** The checker's verdict on the job, in words. */
export function checkerText({ job, survey, now }: Facts): string {
  if (job === 'missing') return 'the job is missing';
  if (!isJob(job)) return `malformed: ${job.unreadable}`;
  const { kind, because, malformed } = checkerVerdictOn(toCheckedJob(job), survey, now);
  return `${malformed === undefined ? kind : `malformed, ${kind}`}: ${because}`;
}

function taskLines(task: Task, { targets, now, jobId }: Facts): [string, string][] {
  const { raw, state } = task;
  const lines: [string, string][] = [];
  if (isDispatchable(task)) {
    const { taskVersion, enqueueCount, lostLeases, leaseExpiresAt } = task;
    const sent = `sent ${countOf(enqueueCount, 'time')}`;
    const last = typeof raw.enqueuedAt === 'bigint' ? `, last ${ago(Number(raw.enqueuedAt), now)}` : '';
    lines.push(['sent', `${sent}${last}; version ${taskVersion}`]);
    if (state === 'InProgress' || lostLeases > 0) {
      const held =
        leaseExpiresAt === undefined
          ? 'none'
          : `held by ${raw.nodeId ?? 'nobody named'}, ends ${timeText(leaseExpiresAt)}, ${ago(leaseExpiresAt, now)}${renewedText(leaseExpiresAt, now)}`;
      const lost = lostLeases === 0 ? '' : `; lost ${countOf(lostLeases, 'time')} before`;
      lines.push(['lease', `${held}${lost}`]);
    }
  }
  if (typeof raw.retries === 'bigint') lines.push(['retries', String(raw.retries)]);
  if (task.reason !== undefined) lines.push(['reason', task.reason]);
  lines.push(['targets', targetsText(task, jobId, targets)]);
  return lines;
}

/** A running lease was taken, or renewed, as long ago as it is shorter than a whole one. */
function renewedText(leaseExpiresAt: number, now: number): string {
  const renewedAt = leaseExpiresAt - LEASE_MS;
  return leaseExpiresAt > now && renewedAt <= now ? `; last renewed ${ago(renewedAt, now)}` : '';
}

function targetsText(
  { targetSegmentIds, unreadableTargets, mappingFlaws }: Task,
  jobId: bigint,
  targets: Facts['targets'],
): string {
  const counts: Record<string, number> = {};
  for (const id of targetSegmentIds) {
    const segment = targets?.get(id);
    const owner = segment?.jobId ?? undefined;
    const state = segment === undefined ? 'missing' : String(segment.state);
    const name =
      owner === undefined || owner === jobId ? state : `${state} of job ${String(owner)} (segment ${id})`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  const flaws = [unreadableTargets, mappingFlaws].filter((flaw) => flaw !== undefined);
  return [`${targetSegmentIds.length}: ${statesText(counts)}`, ...flaws].join('; ');
}

/** `3 Completed, 1 Failed`. */
export const statesText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ') || 'none';
