import type { Change } from '../../functions/copy-segment/change.ts';
import type { RawId } from '../../functions/copy-segment/ids.ts';
import { compareTaskKeys, type RawTaskKey } from '../../functions/copy-segment/task.ts';
import type { TaskMessage } from '../../functions/copy-segment/task-message.ts';
import type { ObservedVerdict } from '../../functions/inspector/pass.ts';
import type { PassRun } from '../../functions/inspector/pass-run.ts';
import type { PassReport, Problem } from '../../functions/inspector/report/pass-report.ts';
import { type FirstEntries, firstEntries } from './first-entries.ts';
import { createGroups, type Groups } from './groups.ts';
import { sumOf, type Totals, totalsOf } from './totals.ts';

/** What a pass decided on one job and on its tasks. */
export interface JobEntry {
  verdict?: ObservedVerdict;
  /** Verdicts on its tasks by kind. */
  readonly tasks: Record<string, number>;
}

/** What a pass decided on one task, and what its changes make of it. */
export interface TaskEntry extends RawTaskKey {
  verdict?: ObservedVerdict;
  state?: string;
  /** Epoch milliseconds; null: taken out of the index. */
  dueAt?: number | null;
}

/** A segment that is dropped. */
export interface DropEntry {
  state?: string;
  reason?: string;
}

/** Gathers what passes do, in memory that does not grow with it: the first of everything, and counts. */
export interface Ledger {
  readonly observe: Required<Pick<PassRun, 'onVerdict' | 'onChange' | 'onMessage'>>;
  addPass(report: PassReport): void;
  readonly passes: number;
  readonly totals: Totals | undefined;
  readonly jobs: FirstEntries<RawId, JobEntry>;
  /** In the order of their keys: first of all those that something is done about. */
  tasks(): { readonly shown: readonly TaskEntry[]; readonly omitted: number };
  readonly problems: FirstEntries<string, { problem?: Problem }>;
  readonly drops: FirstEntries<RawId, DropEntry>;
  readonly dropReasons: Groups;
  readonly messages: FirstEntries<number, { message?: TaskMessage['body'] }>;
}

/** @param limit how many of each kind of thing are kept */
export function createLedger(limit: number): Ledger {
  let passes = 0;
  let totals: Totals | undefined;
  const jobs = firstEntries<RawId, JobEntry>(limit, () => ({ tasks: {} }));
  const entriesOfTasks = () => firstEntries<string, Partial<TaskEntry>>(limit, () => ({}));
  const [acting, resting] = [entriesOfTasks(), entriesOfTasks()];
  const problems = firstEntries<string, { problem?: Problem }>(limit, () => ({}));
  const drops = firstEntries<RawId, DropEntry>(limit, () => ({}));
  const dropReasons = createGroups();
  const messages = firstEntries<number, { message?: TaskMessage['body'] }>(limit, () => ({}));
  let messageNumber = 0;

  const onVerdict = (verdict: ObservedVerdict): void => {
    const { jobId, taskId, kind } = verdict;
    const job = jobs.at(jobId);
    if (taskId === undefined) {
      if (job) job.verdict ??= verdict;
      return;
    }
    if (job) job.tasks[kind] = (job.tasks[kind] ?? 0) + 1;
    const entry = (kind === 'rest' || kind === 'wait' ? resting : acting).at(`${jobId}/${taskId}`);
    if (entry && !entry.verdict) Object.assign(entry, { jobId, taskId, verdict });
  };

  const onChange: Ledger['observe']['onChange'] = (change, outcome) => {
    if (outcome.kind !== 'done') return;
    if (change.table === 'tasks') {
      const { jobId, taskId } = change.key as unknown as RawTaskKey;
      const name = `${jobId}/${taskId}`;
      const entry = acting.existing(name) ?? resting.existing(name);
      if (entry) follow(entry, change);
    }
    if (change.table === 'segments' && change.set.state === 'Dropped') {
      const { dropReason = '' } = change.set;
      dropReasons.add(dropReason);
      const entry = drops.at(change.key.segmentId as RawId);
      if (entry) Object.assign(entry, { state: change.if.state, reason: dropReason });
    }
  };

  return {
    observe: {
      onVerdict,
      onChange,
      onMessage({ body }) {
        const entry = messages.at(messageNumber++);
        if (entry) entry.message = body;
      },
    },
    addPass(report) {
      passes++;
      totals = totals ? sumOf(totals, totalsOf(report)) : totalsOf(report);
      for (const problem of report.problems) {
        const { jobId, taskId, segmentId, part } = problem.key;
        const entry = problems.at([problem.kind, jobId, taskId, segmentId, part].join('/'));
        if (entry) entry.problem ??= problem;
      }
    },
    get passes() {
      return passes;
    },
    get totals() {
      return totals;
    },
    jobs,
    tasks() {
      const kept = [...acting, ...resting].map(([, entry]) => entry as TaskEntry);
      const shown = kept.slice(0, limit).sort(compareTaskKeys);
      return { shown, omitted: kept.length - shown.length + acting.omitted + resting.omitted };
    },
    problems,
    drops,
    dropReasons,
    messages,
  };
}

/** What a change leaves of a task, as far as it is shown. */
function follow(entry: Partial<TaskEntry>, { if: was, set, remove }: Change<'tasks'>): void {
  entry.state = String(set.state ?? entry.state ?? was.state);
  if (set.dueAt !== undefined) entry.dueAt = Number(set.dueAt);
  if (remove.includes('dueAt')) entry.dueAt = null;
}
