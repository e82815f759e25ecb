import type { RawId } from '../../functions/copy-segment/ids.ts';
import type { Restore } from '../../functions/copy-segment/invariants.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { TemporaryError } from '../../functions/copy-segment/stores.ts';
import { readTask, sightTask, type Task, type TaskSighting } from '../../functions/copy-segment/task.ts';
import { readAhead } from '../../functions/streams/read-ahead.ts';
import type { AuditReads } from './audit-reads.ts';

/** Tasks that are looked at together, with their jobs and targets: 50,000 segments of Milvus' default size. */
const TASKS_PER_PART = 500;

/** A part of a restore. The last one bears no tasks, but how many there are. */
export interface Part {
  readonly restore: Restore;
  readonly isLast: boolean;
}

/** All jobs that have tasks. */
export async function* partsOfTasks(reads: AuditReads): AsyncGenerator<Part> {
  yield* partsOf(reads, sighted(reads.scan('tasks')));
}

/** One job, read anew, whether it has tasks or not. */
export async function* partsOfJob(reads: AuditReads, jobId: RawId): AsyncGenerator<Part> {
  let isThere = false;
  for await (const part of partsOf(reads, reads.tasks.ofJob(jobId))) {
    isThere = true;
    yield part;
  }
  if (!isThere) yield ended({ jobId, job: (await jobsOf(reads, [jobId]))(jobId), taskCount: 0 });
}

type Page = readonly TaskSighting<Task>[];

/** The job that the tasks read so far end in. */
type Open = Pick<Restore, 'jobId' | 'job'> & { readonly taskCount: number };

/** @param pages the tasks of a job one after the other: so a scan shows them, whatever the order of the jobs */
async function* partsOf(reads: AuditReads, pages: AsyncIterable<Page>): AsyncGenerator<Part> {
  let open: Open | undefined;
  for await (const tasks of readAhead(inParts(pages))) {
    const jobOf = await jobsOf(
      reads,
      tasks.map(({ key }) => key.jobId),
    );
    const segments = await reads.segments([...new Set(tasks.flatMap(targetsOf))]);
    for (const [jobId, ofJob] of Map.groupBy(tasks, ({ key }) => key.jobId)) {
      if (open !== undefined && open.jobId !== jobId) yield ended(open);
      const taskCount: number = (open?.jobId === jobId ? open.taskCount : 0) + ofJob.length;
      open = { jobId, job: jobOf(jobId), taskCount };
      const mine = ofJob.flatMap(targetsOf).flatMap((id): [bigint, Item][] => {
        const segment = segments.get(id);
        return segment === undefined ? [] : [[id, segment]];
      });
      yield { restore: { ...open, tasks: ofJob, segments: new Map(mine) }, isLast: false };
    }
  }
  if (open !== undefined) yield ended(open);
}

const ended = (open: Open): Part => ({
  restore: { ...open, tasks: [], segments: new Map() },
  isLast: true,
});

const targetsOf = ({ reading }: TaskSighting<Task>): readonly bigint[] =>
  reading.ok ? reading.value.targetSegmentIds : [];

async function* sighted(pages: AsyncIterable<readonly Item[]>): AsyncGenerator<Page> {
  for await (const items of pages) yield items.map((item) => sightTask(item, readTask));
}

async function* inParts(pages: AsyncIterable<Page>): AsyncGenerator<Page> {
  let kept: TaskSighting<Task>[] = [];
  for await (const page of pages)
    for (const task of page) {
      kept.push(task);
      if (kept.length < TASKS_PER_PART) continue;
      yield kept;
      kept = [];
    }
  if (kept.length > 0) yield kept;
}

/** @throws TemporaryError if one could not be read */
async function jobsOf({ jobs }: AuditReads, jobIds: readonly RawId[]) {
  const found = await jobs.read([...new Set(jobIds)]);
  return (jobId: RawId): Restore['job'] => {
    const job = found.get(jobId) ?? 'missing';
    if (job !== 'missing' && 'unread' in job) throw new TemporaryError(`job ${jobId}: ${job.unread}`);
    return job;
  };
}
