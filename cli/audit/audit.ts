import { isId, type RawId } from '../../functions/copy-segment/ids.ts';
import type { Circumstances, Restore, Violation } from '../../functions/copy-segment/invariants.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { isJob, readJob } from '../../functions/copy-segment/job.ts';
import { AUDITED } from './audit-invariants.ts';
import type { AuditReads } from './audit-reads.ts';
import { type Part, partsOfJob, partsOfTasks } from './restores.ts';
import { createTargetIndex, type TargetIndex } from './target-index.ts';

/** A violation, with what its mend depends on. */
export interface Finding extends Violation {
  /** The state of its job, if that is known. */
  readonly jobState?: string;
  /** The item that it is about, as it was read; what an audit does not read of a segment is left out. */
  readonly found?: Item;
}

/** What was looked at. */
export interface Looked {
  jobs: number;
  tasks: number;
  segments: number;
}

export interface AuditOptions extends Circumstances {
  /** Only these jobs; undefined: all that the tables have. */
  readonly jobIds?: readonly bigint[] | undefined;
  readonly onProgress?: (looked: Readonly<Looked>) => void;
}

/** A job with more violations than these is not looked at twice: no race with a pass makes so many. */
const MAX_VIOLATIONS_CONFIRMED = 1_000;

/** Across parts of a job, and across jobs. */
export const ONE_TASK_PER_TARGET = 'a segment is the target of one task';
export const TASK_FOR_SEGMENT = 'a segment of a job is the target of a task';

/**
 * What does not hold of the tables. They are scanned, and change meanwhile: a job with violations is read once more, and
 * what holds by then is not told. Held at once: 500 tasks with their targets; an id per job; 20 bytes per target.
 *
 * @throws TemporaryError if something could not be read
 */
export async function* audit(
  reads: AuditReads,
  { jobIds, onProgress = () => {}, ...circumstances }: AuditOptions,
  looked: Looked,
): AsyncGenerator<Finding> {
  const targets = createTargetIndex();
  const seen = new Set<RawId>();
  const told = new Set<string>();
  let found: Finding[] = [];
  let isTold = false;

  for await (const part of jobIds ? partsOfJobs(reads, jobIds) : partsOfTasks(reads)) {
    const { restore, isLast } = part;
    index(targets, part);
    looked.tasks += restore.tasks.length;
    looked.segments += restore.segments.size;
    for (const violation of violationsInPart(part, circumstances)) found.push(violation);
    onProgress(looked);
    if (isTold || found.length > MAX_VIOLATIONS_CONFIRMED) {
      yield* tell(told, found);
      found = [];
      isTold = true;
    }
    if (!isLast) continue;
    looked.jobs++;
    seen.add(restore.jobId);
    yield* tell(told, await confirmed(reads, restore.jobId, found, circumstances));
    found = [];
    isTold = false;
  }
  if (jobIds === undefined) {
    for await (const items of reads.scan('jobs'))
      for (const item of items) {
        const jobId = item.jobId as RawId;
        if (seen.has(jobId)) continue;
        looked.jobs++;
        const restore = { jobId, job: lookupOf(item), tasks: [], segments: new Map<bigint, Item>() };
        const ofJob = [...violationsInPart({ restore, isLast: true }, circumstances)];
        yield* tell(told, await confirmed(reads, jobId, ofJob, circumstances));
      }
  }
  targets.close();
  yield* tell(told, sharedTargets(targets));
  if (jobIds === undefined) yield* strayingSegments(reads, targets, circumstances, looked);
}

async function* partsOfJobs(reads: AuditReads, jobIds: readonly bigint[]): AsyncGenerator<Part> {
  for (const jobId of jobIds) yield* partsOfJob(reads, jobId);
}

/** What a job breaks is told once, by its last part; the others break what their tasks and targets break. */
function* violationsInPart({ restore, isLast }: Part, circumstances: Circumstances): Generator<Finding> {
  const { job } = restore;
  const state = job !== 'missing' && isJob(job) ? { jobState: job.state } : {};
  for (const { name, breaches } of AUDITED)
    for (const breach of breaches(restore, circumstances)) {
      const isOfJob = breach.key.taskId === undefined && breach.key.segmentId === undefined;
      const item = isOfJob ? rawOf(job) : itemOf(restore, breach.key);
      if (isOfJob === isLast) yield { invariant: name, ...breach, ...state, ...(item && { found: item }) };
    }
}

const rawOf = (job: Restore['job']): Item | undefined => (job === 'missing' ? undefined : job.raw);

/** The task, or the segment, that a violation is about. */
function itemOf({ tasks, segments }: Restore, { taskId, segmentId }: Violation['key']): Item | undefined {
  if (segmentId !== undefined) return segments.get(segmentId);
  return tasks.find(({ key }) => key.taskId === taskId)?.raw;
}

/** Those that a second look finds as well. */
async function confirmed(
  reads: AuditReads,
  jobId: RawId,
  found: readonly Finding[],
  circumstances: Circumstances,
): Promise<readonly Finding[]> {
  if (found.length === 0) return found;
  const again = new Set<string>();
  for await (const part of partsOfJob(reads, jobId))
    for (const violation of violationsInPart(part, circumstances)) again.add(nameOf(violation));
  return found.filter((violation) => again.has(nameOf(violation)));
}

/** Each once: a target that two tasks name is found in their part as well as among all. */
function* tell(told: Set<string>, violations: Iterable<Finding>): Generator<Finding> {
  for (const violation of violations) {
    if (violation.invariant !== ONE_TASK_PER_TARGET) yield violation;
    else if (!told.has(nameOf(violation))) {
      told.add(nameOf(violation));
      yield violation;
    }
  }
}

const nameOf = ({ invariant, key: { jobId, taskId, segmentId } }: Violation): string =>
  [invariant, jobId, taskId, segmentId].join('/');

function index(targets: TargetIndex, { restore: { tasks } }: Part): void {
  for (const { key, reading } of tasks) if (reading.ok) targets.add(key, reading.value.targetSegmentIds);
}

function* sharedTargets(targets: TargetIndex): Generator<Violation> {
  for (const [segmentId, [first, ...others]] of targets.shared())
    for (const { jobId, taskId } of others)
      yield {
        invariant: ONE_TASK_PER_TARGET,
        key: { jobId, taskId, segmentId },
        reason:
          first?.jobId === jobId
            ? `it is a target of task ${first.taskId} as well`
            : `it is a target of task ${first?.jobId}/${first?.taskId} as well`,
      };
}

/** Segments that bear the id of a job none of whose tasks names them. */
async function* strayingSegments(
  reads: AuditReads,
  targets: TargetIndex,
  circumstances: Circumstances,
  looked: Looked,
): AsyncGenerator<Finding> {
  for await (const items of reads.scan('segments')) {
    // One that is Dropped is no longer anybody's business.
    const strays = items.filter(
      ({ segmentId, jobId, state }) =>
        isId(jobId) && state !== 'Dropped' && !targets.has(segmentId as bigint),
    );
    looked.segments += strays.length;
    for (const [jobId, ofJob] of Map.groupBy(strays, (item) => item.jobId as bigint)) {
      const segments = new Map(ofJob.map((item) => [item.segmentId as bigint, item]));
      yield* await straysOf(reads, jobId, segments, circumstances);
    }
  }
}

/** The task may have come since the tasks were scanned: they are read anew. */
async function straysOf(
  reads: AuditReads,
  jobId: bigint,
  segments: ReadonlyMap<bigint, Item>,
  circumstances: Circumstances,
): Promise<Finding[]> {
  const left = new Map(segments);
  let last: Part | undefined;
  for await (const part of partsOfJob(reads, jobId)) {
    last = part;
    for (const { reading } of part.restore.tasks) {
      // Nobody knows what a task that cannot be read has for targets.
      if (!reading.ok || reading.value.unreadableTargets !== undefined) return [];
      for (const target of reading.value.targetSegmentIds) left.delete(target);
    }
  }
  const invariant = AUDITED.find(({ name }) => name === TASK_FOR_SEGMENT);
  if (last === undefined || invariant === undefined || left.size === 0) return [];
  const restore = { ...last.restore, tasks: [], segments: left };
  const { job } = restore;
  const state = job !== 'missing' && isJob(job) ? { jobState: job.state } : {};
  return [...invariant.breaches(restore, circumstances)].map((breach) => {
    const item = itemOf(restore, breach.key);
    return { invariant: invariant.name, ...breach, ...state, ...(item && { found: item }) };
  });
}

function lookupOf(raw: Item) {
  const reading = readJob(raw);
  return reading.ok ? reading.value : { unreadable: reading.reason, raw };
}
