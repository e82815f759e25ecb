import type { JobLookup } from '../copy-segment/job.ts';
import type { TaskSighting } from '../copy-segment/stores.ts';
import { compareTaskKeys, type IndexedTask, type Task, type TaskKey } from '../copy-segment/task.ts';
import type { Judged } from './act/carry-out.ts';
import type { Pass } from './pass.ts';
import { keyOfTask } from './report/pass-report.ts';
import { type Verdict, verdictOn } from './verdict.ts';

/** Judges tasks that were read from the table, strongly consistent. */
export function judgeTasks(
  pass: Pass,
  sightings: readonly TaskSighting<Task>[],
  jobs: ReadonlyMap<bigint, JobLookup>,
): Judged[] {
  return readable(pass, sightings).map((task) => {
    const verdict = verdictOn(task, lookUp(jobs, task), pass.now(), pass.request.mode);
    note(pass, task, verdict);
    return { task, verdict };
  });
}

/**
 * Judges tasks that the `due` index shows. Those that are to fail or to drop their targets are read again from
 * the table, strongly consistent, and judged by what it says: the index lags behind, and holds no mappings.
 */
export async function judgeIndexedTasks(
  pass: Pass,
  sightings: readonly TaskSighting[],
  jobs: ReadonlyMap<bigint, JobLookup>,
): Promise<Judged[]> {
  const judged: Judged[] = [];
  const destructive: IndexedTask[] = [];
  for (const task of readable(pass, sightings)) {
    const verdict = verdictOn(task, lookUp(jobs, task), pass.now(), pass.request.mode);
    if (isDestructive(verdict)) destructive.push(task);
    else {
      note(pass, task, verdict);
      judged.push({ task, verdict });
    }
  }
  if (destructive.length === 0) return judged;

  const truth = await pass.tasks.read(destructive);
  pass.tally.read.tasks += truth.length;
  pass.tally.tasks.movedOn += destructive.length - truth.length;
  return [...judged, ...judgeTasks(pass, truth, jobs)].sort((a, b) => compareTaskKeys(a.task, b.task));
}

type NonDestructive = Exclude<Verdict, { kind: 'fail' | 'drop' }>;

const isDestructive = (verdict: Verdict): verdict is Exclude<Verdict, NonDestructive> =>
  verdict.kind === 'fail' || verdict.kind === 'drop';

const lookUp = (jobs: ReadonlyMap<bigint, JobLookup>, { jobId }: TaskKey): JobLookup =>
  jobs.get(jobId) ?? 'missing';

function readable<T extends IndexedTask>(pass: Pass, sightings: readonly TaskSighting<T>[]): T[] {
  return sightings.flatMap(({ key, reading }) => {
    if (reading.ok) return [reading.value];
    malformed(pass, key, reading.reason);
    pass.observe({ ...key, kind: 'malformed', because: reading.reason });
    pass.tally.verdicts.malformed++;
    return [];
  });
}

function note(pass: Pass, { jobId, taskId }: TaskKey, { kind, because }: Verdict): void {
  pass.tally.verdicts[kind]++;
  pass.observe({ jobId, taskId, kind, because });
  if (kind === 'malformed') malformed(pass, { jobId, taskId }, because);
}

const malformed = (pass: Pass, key: TaskKey, reason: string): void =>
  pass.tally.problem({ key: keyOfTask(key), kind: 'malformed', reason });
