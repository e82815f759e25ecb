import type { Item } from '../../../functions/copy-segment/item.ts';
import { readTask } from '../../../functions/copy-segment/task.ts';
import type { Tables } from '../memory-tables.ts';
import type { Written } from './memory-stage.ts';

/** Section 11: what may follow on a job's state; Failed and Completed are final. */
const NEXT: Readonly<Record<string, readonly string[]>> = {
  Pending: ['Executing', 'Failed'],
  Executing: ['Publishing', 'Failed'],
  Publishing: ['Completed', 'Failed'],
  Completed: [],
  Failed: [],
};

/**
 * What must hold of every write, at the moment it is made: what the tables do not show afterwards.
 *
 * @param report told of what does not hold
 */
export function watchLoop(
  written: readonly Written[],
  tables: Tables,
  { now, report }: { readonly now: () => number; readonly report: (violation: string) => void },
): void {
  for (const one of written) {
    const { table, role, after } = one;
    const expect = (holds: boolean, what: string): void => {
      const key = [after.jobId, after.taskId, after.segmentId].filter((id) => id !== undefined).join('/');
      if (!holds) report(`${role} wrote ${table} ${key}: ${what}`);
    };
    if (table === 'segments') onSegment(one, expect);
    else if (table === 'tasks') onTask(one, expect);
    else onJob(one, expect);
  }

  type Expect = (holds: boolean, what: string) => void;

  function onSegment({ role, before, after }: Written, expect: Expect): void {
    if (before === undefined) {
      expect(role === 'submit', 'created');
      return;
    }
    expect(before.state !== 'Dropped', 'what is Dropped was changed');
    const job = tables.jobs.get(String(after.jobId));
    if (after.state === 'Flushed') {
      expect(role === 'checker', 'made Flushed');
      expect(before.state === 'Importing', `${before.state} became Flushed`);
      expect(job?.state === 'Publishing', `Flushed while its job is ${job?.state}`);
    } else if (after.state === 'Dropped') {
      expect(role === 'inspector', 'made Dropped');
      const task = tables.tasks.get(`${after.jobId}/${after.taskId}`);
      const isDue = job?.state === 'Failed' || (task?.state === 'Failed' && before.publishedAt === undefined);
      expect(isDue && job?.state !== 'Completed', `dropped while its job is ${job?.state}`);
    } else expect(false, `became ${after.state}`);
  }

  function onTask({ role, node, before, after }: Written, expect: Expect): void {
    if (before === undefined) {
      const job = tables.jobs.get(String(after.jobId));
      expect(role === 'submit' && after.state === 'Pending', 'created');
      expect(job?.state === 'Pending', `created while its job is ${job?.state}`);
      return;
    }
    expect(role === 'worker' || role === 'inspector', 'changed');
    const [was, is] = [Number(before.taskVersion), Number(after.taskVersion)];
    const isClaim = is === was + 1 && after.state === 'InProgress';
    const isBack = before.state === 'InProgress' && after.state === 'Pending';
    const isEnd = before.state === 'InProgress' && (after.state === 'Completed' || after.state === 'Failed');
    if (isClaim) expect(before.state === 'Pending' || before.leaseExpiresAt === undefined, 'claimed twice');
    else if (isBack) expect(is === was + 1, 'given back in the same version');
    else expect(is === was, `version ${was} became ${is}`);
    expect(
      isClaim || isBack || isEnd || before.state === after.state,
      `${before.state} became ${after.state}`,
    );
    if (role === 'worker' && !isClaim)
      expect(before.nodeId === node, `${node} wrote what ${before.nodeId} holds`);
    if (after.state === 'InProgress' && !isClaim)
      expect(before.nodeId === after.nodeId, 'its worker was changed');
  }

  function onJob({ role, before, after }: Written, expect: Expect): void {
    if (before === undefined) {
      expect(role === 'submit', 'created');
      return;
    }
    if (before.state === after.state) return;
    expect(role !== 'inspector' && role !== 'worker', 'changed its state');
    expect(
      NEXT[String(before.state)]?.includes(String(after.state)) ?? false,
      `${before.state} became ${after.state}`,
    );
    const mine = [...tables.tasks.values()].filter(({ jobId }) => jobId === after.jobId);
    const isWhole = mine.length === Number(after.totalTasks);
    if (after.state !== 'Failed') expect(isWhole, `${after.state} with ${mine.length} tasks`);
    if (after.state === 'Publishing' || after.state === 'Completed') {
      const unfinished = mine.find(({ state }) => state !== 'Completed');
      expect(
        unfinished === undefined,
        `${after.state}, and task ${unfinished?.taskId} is ${unfinished?.state}`,
      );
    }
    if (after.state === 'Completed') {
      const hidden = targetsOf(mine).find((id) => tables.segments.get(String(id))?.state !== 'Flushed');
      expect(hidden === undefined, `Completed, and target ${hidden} is not Flushed`);
    }
    if (after.state === 'Failed' && String(after.reason).startsWith('timeout'))
      expect(Number(after.timeoutAt) <= now(), 'timed out before its time');
  }
}

const targetsOf = (tasks: readonly Item[]): bigint[] =>
  tasks.flatMap((item) => {
    const reading = readTask(item);
    return reading.ok ? reading.value.targetSegmentIds : [];
  });
