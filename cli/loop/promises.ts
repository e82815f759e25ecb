import type { Item } from '../../functions/copy-segment/item.ts';
import { countOf } from '../terminal/count-of.ts';
import type { LoopWorld } from './loop-world.ts';
import type { Played } from './play-loop.ts';
import type { SampleRestore, Samples } from './samples.ts';
import { objectsOf } from './snapshot.ts';

/** Something that a run is to show. */
export interface LoopPromise {
  readonly promise: string;
  /** Why it does not hold; undefined: it does. */
  readonly but?: string | undefined;
}

/** What came of one restore, as tables and buckets have it. */
export interface RestoreEnd {
  readonly jobId: bigint;
  readonly state: string;
  readonly reason?: string;
  /** Its target segments by state. */
  readonly segments: Readonly<Record<string, number>>;
  /** Its objects in the target bucket. */
  readonly objects: ObjectCounts;
}

export interface ObjectCounts {
  readonly sources: number;
  /** Targets that were compared with their sources byte by byte, and are equal. */
  readonly equal: number;
  readonly missing: readonly string[];
  readonly different: readonly string[];
}

export interface LoopEnd {
  readonly restores: readonly RestoreEnd[];
  readonly promises: readonly LoopPromise[];
}

/** Looks at the world after a run: what came of each restore, and whether that is what was promised. */
export async function judgeLoop(
  { buckets, items, receive }: LoopWorld,
  { undeleted, lostSegmentId }: Played,
  samples: Samples<SampleRestore>,
): Promise<LoopEnd> {
  const { jobs, tasks, segments } = await items();
  const sources = await buckets.objects(buckets.source);
  const targets = await buckets.objects(buckets.target);
  const { undisturbed, rescued, damaged } = samples;
  const endAs = (restore: SampleRestore): RestoreEnd => ({
    ...endOf(restore, jobs, segments),
    objects: compare(restore, sources, targets),
  });
  const [first, second, third] = [endAs(undisturbed), endAs(rescued), endAs(damaged)];

  const planned = new Set(
    [undisturbed, rescued, damaged].flatMap((restore) => [...objectsOf(restore)].map(({ target }) => target)),
  );
  const strays = [...targets.keys()].filter((key) => !planned.has(key));
  const messages = undeleted + (await Array.fromAsync(receive())).length;
  const isRescued = tasks.some(
    ({ jobId, state, lostLeases }) => jobId === second.jobId && state === 'Completed' && lostLeases === 1n,
  );

  return {
    restores: [first, second, third],
    promises: [
      stateIs(first, 'Completed'),
      segmentsAre(undisturbed, segments, 'Flushed'),
      objectsAreEqual(first),
      stateIs(second, 'Completed'),
      segmentsAre(rescued, segments, 'Flushed'),
      objectsAreEqual(second),
      promise('a task whose worker died was completed by another one', isRescued, 'no lease was lost'),
      stateIs(third, 'Failed', String(lostSegmentId)),
      segmentsAre(damaged, segments, 'Dropped'),
      promise(
        'no object was created that belongs to no target',
        strays.length === 0,
        `there is ${strays[0]}`,
      ),
      promise('no message is left', messages === 0, countOf(messages, 'message')),
    ],
  };
}

const promise = (what: string, holds: boolean, but: string): LoopPromise => ({
  promise: what,
  ...(!holds && { but }),
});

function endOf({ job: { jobId } }: SampleRestore, jobs: readonly Item[], segments: readonly Item[]) {
  const job = jobs.find((item) => item.jobId === jobId);
  const counts: Record<string, number> = {};
  for (const segment of segments)
    if (segment.jobId === jobId) counts[String(segment.state)] = (counts[String(segment.state)] ?? 0) + 1;
  return {
    jobId,
    state: String(job?.state),
    ...(typeof job?.reason === 'string' && { reason: job.reason }),
    segments: counts,
  };
}

/** @param because what the reason has to name */
const stateIs = ({ jobId, state, reason = '' }: RestoreEnd, wanted: string, because = ''): LoopPromise =>
  promise(
    `job ${jobId} is ${wanted}${because && `, for source segment ${because}`}`,
    state === wanted && reason.includes(because),
    [`it is ${state}`, reason].filter(Boolean).join(': '),
  );

function segmentsAre(
  { job: { jobId }, mappings }: SampleRestore,
  segments: readonly Item[],
  wanted: string,
): LoopPromise {
  const ofJob = new Map(
    segments.filter((item) => item.jobId === jobId).map((item) => [item.segmentId, item]),
  );
  const others = mappings.flatMap(({ targetSegmentId }) => {
    const { state = 'missing', isImporting } = ofJob.get(targetSegmentId) ?? {};
    return state === wanted && isImporting === false ? [] : [`${targetSegmentId} is ${state}`];
  });
  const all = countOf(mappings.length, 'segment');
  return promise(`the ${all} of job ${jobId} are ${wanted}`, others.length === 0, someOf(others));
}

function objectsAreEqual({ jobId, objects: { sources, missing, different } }: RestoreEnd): LoopPromise {
  const others = [...missing.map((key) => `${key} is missing`), ...different.map((key) => `${key} differs`)];
  const all = countOf(sources, 'object');
  return promise(
    `the ${all} of job ${jobId} are equal to their sources, byte by byte`,
    others.length === 0 && sources > 0,
    someOf(others),
  );
}

const someOf = ([first = 'there is none', ...others]: readonly string[]): string =>
  others.length === 0 ? first : `${first}, and ${others.length} more`;

/** Every source that the snapshot has, against what is under the key that it is to have. */
function compare(
  restore: SampleRestore,
  sources: ReadonlyMap<string, Buffer>,
  targets: ReadonlyMap<string, Buffer>,
): ObjectCounts {
  const missing: string[] = [];
  const different: string[] = [];
  const planned = [...objectsOf(restore)];
  for (const { source, target } of planned) {
    const [wanted, found] = [sources.get(source), targets.get(target)];
    if (!found) missing.push(target);
    else if (!wanted?.equals(found)) different.push(target);
  }
  const equal = planned.length - missing.length - different.length;
  return { sources: planned.length, equal, missing, different };
}
