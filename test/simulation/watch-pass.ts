import type { Change } from '../../functions/copy-segment/change.ts';
import { isPresent } from '../../functions/copy-segment/invariants-of-items.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { isJob, readJob } from '../../functions/copy-segment/job.ts';
import { readTask } from '../../functions/copy-segment/task.ts';
import { HOUR, MINUTE } from '../support/builders.ts';
import type { PassFacts, Watcher } from './memory-stage.ts';

/** Section 3: a message that nobody takes is sent again after 15 minutes, doubling, at most 6 hours. */
const BACKOFF_MINUTES = [15, 30, 60, 120, 240, 360];
const backoffAfter = (attempt: number): number =>
  (BACKOFF_MINUTES[Math.min(attempt, BACKOFF_MINUTES.length) - 1] ?? 0) * MINUTE;

const isOver = (job: Item | undefined): boolean => job?.state === 'Completed' || job?.state === 'Failed';

/**
 * What must hold of everything that a pass does, at the moment it does it: what the tables alone do not show afterwards.
 *
 * @param accepted every message that the queue has accepted, as `job/task/version/attempt`; grows
 * @param report told of what does not hold
 */
export function watchPass(
  facts: PassFacts,
  accepted: Set<string>,
  report: (violation: string) => void,
): Watcher {
  const { tables, start, index, maxDrops } = facts;
  let drops = 0;

  return {
    written(change, before, after) {
      const expect = (holds: boolean, what: string): void => {
        if (!holds) report(`${change.table} ${Object.values(change.key).join('/')}: ${what}`);
      };
      if (change.table === 'segments') onSegment(before, after, expect);
      else if (change.table === 'tasks') onTask(change, before, after, expect);
      else onJob(before, after, expect);
    },

    sent({ body }) {
      const expect = (holds: boolean, what: string): void => {
        if (!holds) report(`message for ${body.jobId}/${body.taskId}: ${what}`);
      };
      accepted.add([body.jobId, body.taskId, body.taskVersion, body.attempt].join('/'));
      const job = start.jobs.get(body.jobId);
      const task = start.tasks.get(`${body.jobId}/${body.taskId}`);
      const shown = index.tasks.get(`${body.jobId}/${body.taskId}`) ?? task;
      expect(job !== undefined && !isOver(job), `its job was ${job?.state ?? 'missing'} when the pass began`);
      expect(shown?.state === 'Pending' || shown?.state === 'InProgress', `its task was ${shown?.state}`);
      expect(body.reason !== 'lease-expired' || task?.state !== 'Pending', 'no lease of it ran out');
    },
  };

  type Expect = (holds: boolean, what: string) => void;

  function onSegment(before: Item, after: Item, expect: Expect): void {
    const now = facts.now();
    const droppedAt = Number(after.droppedAt);
    expect(before.state !== 'Dropped', 'dropped twice');
    expect(++drops <= maxDrops, `dropped, though the pass may drop ${maxDrops}`);
    expect(after.state === 'Dropped' && after.isImporting === false, 'only half dropped');
    expect(droppedAt <= now && droppedAt > now - HOUR, `droppedAt is ${after.droppedAt}`);
    expect(typeof after.dropReason === 'string' && after.dropReason !== '', 'dropped without a reason');
    const mayDrop = [...tables.tasks.values()].some((item) => {
      const reading = readTask(item);
      if (!reading.ok || !reading.value.targetSegmentIds.includes(before.segmentId as bigint)) return false;
      if (isPresent(before.jobId) && before.jobId !== item.jobId) return false;
      const job = tables.jobs.get(String(item.jobId));
      if (job?.state === 'Failed') return true;
      return item.state === 'Failed' && job?.state !== 'Completed' && !isPresent(before.publishedAt);
    });
    expect(mayDrop, `live segment dropped: it was ${before.state}, of job ${before.jobId}`);
  }

  function onTask({ set }: Change<'tasks'>, before: Item, after: Item, expect: Expect): void {
    const count = (item: Item, name: string): number => Number(item[name] ?? 0);
    const isReleased = before.state === 'InProgress' && after.state === 'Pending';
    const isFailed = before.state === 'InProgress' && after.state === 'Failed';
    expect(before.state === after.state || isReleased || isFailed, `${before.state} became ${after.state}`);
    const lost = count(before, 'lostLeases');
    if (isReleased || isFailed) {
      const dueAt = count(after, 'dueAt');
      expect(dueAt >= facts.startedAt && dueAt <= facts.now(), `it is ${after.state}, but not due now`);
      const ranOut = isPresent(before.leaseExpiresAt) && count(before, 'leaseExpiresAt') <= facts.now();
      expect(ranOut, 'taken from a worker whose lease has not run out');
      expect(count(after, 'lostLeases') === lost + 1, 'a lost lease is not counted');
      expect(isFailed === (lost === 9), `${after.state} after ${lost + 1} lost leases`);
      expect(!isOver(start.jobs.get(String(before.jobId))), 'its job was over when the pass began');
    } else expect(count(after, 'lostLeases') === lost, 'a lost lease is counted that was not lost');
    if (isReleased) expect(count(after, 'enqueueCount') === 0, 'released with messages counted');
    const version = count(before, 'taskVersion') + (isReleased ? 1 : 0);
    expect(
      count(after, 'taskVersion') === version,
      `version ${before.taskVersion} became ${after.taskVersion}`,
    );

    if ('enqueuedAt' in set) {
      const attempt = count(after, 'enqueueCount');
      const name = [before.jobId, before.taskId, after.taskVersion, attempt].join('/');
      expect(accepted.has(name), `marked as enqueued ${attempt} times without a message`);
      const next = count(after, 'enqueuedAt') + backoffAfter(attempt);
      if (after.state === 'Pending') expect(count(after, 'dueAt') === next, 'the backoff is wrong');
      else expect(after.dueAt === after.leaseExpiresAt, 'the marker is not the end of the lease');
    } else if (!isReleased)
      expect(count(after, 'enqueueCount') === count(before, 'enqueueCount'), 'miscounted');
    if (isPresent(before.segmentsDroppedAt))
      expect(after.segmentsDroppedAt === before.segmentsDroppedAt, 'settled twice');
    if (!readTask(before).ok) onlyMarker(before, after, expect);
  }

  function onJob(before: Item, after: Item, expect: Expect): void {
    expect(before.state === after.state, `${before.state} became ${after.state}`);
    if (isPresent(before.segmentsDroppedAt))
      expect(after.segmentsDroppedAt === before.segmentsDroppedAt, 'settled twice');
    const reading = readJob(before);
    if (!reading.ok) onlyMarker(before, after, expect);
    else if (isJob(reading.value) && !isOver(before)) {
      const now = facts.now();
      const isUnchecked = isPresent(before.dueAt) && Number(before.dueAt) < now - HOUR;
      // Of passes that overlap, each may have found it waiting: the second writes what the first did.
      const wasWaiting =
        Number(before.dueAt) > Number(after.dueAt) || Number(before.dueAt) >= facts.startedAt;
      const isNews = isPresent(before.dueAt) && wasWaiting;
      expect(
        (isUnchecked && Number(after.dueAt) > now) || (isNews && Number(after.dueAt) <= now),
        "a running job's marker is the checker's",
      );
      const { looks: _, ...unlooked } = before;
      onlyMarker(isNews ? unlooked : before, after, expect);
    }
  }

  function onlyMarker(before: Item, after: Item, expect: Expect): void {
    const rest = ({ dueAt, dueShard, ...others }: Item) => Object.entries(others).sort().join();
    expect(rest(before) === rest(after), 'more than its marker was written');
  }
}
