import type { RawId } from '../copy-segment/ids.ts';
import type { JobLookup } from '../copy-segment/job.ts';
import {
  compareTaskKeys,
  type IndexedTask,
  type RawTaskKey,
  type Task,
  type TaskSighting,
} from '../copy-segment/task.ts';
import type { Pass } from './pass.ts';
import { keyOfTask } from './report/pass-report.ts';
import { type Verdict, verdictOn } from './verdict.ts';

/**
 * Verdicts that end a lease, fail a task, drop targets, or find that none may be dropped: judged on a strongly consistent
 * read. The index does not show that a failure is settled.
 */
type OnTruth = 'release' | 'fail' | 'drop' | 'contradiction';

/** A verdict and the task it is on, or an item that cannot be read. */
export type Judged =
  | Verdict<Task>
  | Exclude<Verdict, { kind: OnTruth }>
  | { readonly kind: 'unreadable'; readonly sighting: TaskSighting; readonly because: string }
  | Unjudged;

/** A task whose job did not answer: nothing is known, but that a pass must find it again. */
interface Unjudged {
  readonly kind: 'unjudged';
  readonly task: IndexedTask;
  readonly because: string;
}

export type JudgedKind = Judged['kind'];
export type OfKind<K extends JudgedKind> = Extract<Judged, { kind: K }>;

type Judging = Pick<Pass, 'tasks' | 'tally' | 'now' | 'request' | 'onVerdict'>;
type Jobs = ReadonlyMap<RawId, JobLookup>;

/** Judges tasks that were read from the table, strongly consistent. */
export const judgeTasks = (pass: Judging, sightings: readonly TaskSighting<Task>[], jobs: Jobs): Judged[] =>
  sightings.map((sighting) => note(pass, sighting.key, judge(pass, sighting, jobs)));

/**
 * Judges tasks that the `due` index shows. Those whose verdict ends a lease, fails or drops are read again from the
 * table, strongly consistent, and judged by what it says: the index lags behind, and holds no mappings.
 */
export async function judgeIndexedTasks(
  pass: Judging,
  sightings: readonly TaskSighting[],
  jobs: Jobs,
): Promise<Judged[]> {
  const judged: Judged[] = [];
  const onTruth: IndexedTask[] = [];
  for (const sighting of sightings) {
    const verdict = judge(pass, sighting, jobs);
    if (isOnTruth(verdict)) onTruth.push(verdict.task);
    else judged.push(note(pass, sighting.key, verdict as Exclude<typeof verdict, { kind: OnTruth }>));
  }
  if (onTruth.length === 0) return judged;

  const { found, unread } = await pass.tasks.read(onTruth);
  pass.tally.read.tasks += found.length;
  for (const { key, reason } of unread) couldNotRead(pass, key, `the task could not be read: ${reason}`);
  pass.tally.tasks.movedOn += onTruth.length - found.length - unread.length;
  return [...judged, ...judgeTasks(pass, found, jobs)].sort((a, b) => compareTaskKeys(keyOf(a), keyOf(b)));
}

const keyOf = (judged: Judged): RawTaskKey =>
  judged.kind === 'unreadable' ? judged.sighting.key : judged.task;

type Unreadable = Extract<Judged, { kind: 'unreadable' }>;

function judge<T extends IndexedTask>(
  pass: Judging,
  sighting: TaskSighting<T>,
  jobs: Jobs,
): Verdict<T> | Unreadable | Unjudged {
  const { key, reading } = sighting;
  if (!reading.ok) return { kind: 'unreadable', sighting, because: reading.reason };
  const job = jobs.get(key.jobId) ?? 'missing';
  if (job !== 'missing' && 'unread' in job) {
    return { kind: 'unjudged', task: reading.value, because: `its job could not be read: ${job.unread}` };
  }
  return verdictOn(reading.value, job, pass.now(), pass.request.mode);
}

const isOnTruth = <T extends IndexedTask>(
  verdict: Verdict<T> | Unreadable | Unjudged,
): verdict is Extract<Verdict<T>, { kind: OnTruth }> =>
  verdict.kind === 'release' ||
  verdict.kind === 'fail' ||
  verdict.kind === 'drop' ||
  verdict.kind === 'contradiction';

function note<J extends Judged>(pass: Judging, key: RawTaskKey, judged: J): J {
  if (judged.kind === 'unjudged') {
    couldNotRead(pass, key, judged.because);
    return judged;
  }
  const kind = judged.kind === 'unreadable' ? 'malformed' : judged.kind;
  pass.tally.verdicts[kind]++;
  pass.onVerdict({ jobId: key.jobId, taskId: key.taskId, kind, because: judged.because });
  if (kind === 'malformed' || kind === 'orphan' || kind === 'contradiction')
    pass.tally.problem({ key: keyOfTask(key), kind, reason: judged.because });
  return judged;
}

const couldNotRead = ({ tally }: Pick<Pass, 'tally'>, key: RawTaskKey, reason: string): void => {
  tally.tasks.failed++;
  tally.problem({ key: keyOfTask(key), kind: 'failed', reason });
};
