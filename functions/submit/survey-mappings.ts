import { isId } from '../copy-segment/ids.ts';
import { isPartitionId } from '../copy-segment/mappings.ts';
import { type MappingTotals, SEGMENTS_PER_TASK } from '../copy-segment/submission.ts';
import { WRONG_ID } from './check-job.ts';
import { createIdColumn, repeatedIn, sharedBy } from './id-column.ts';
import type { Issue } from './issues.ts';
import type { Mapping, MappingSource } from './mapping-source.ts';
import { createMappingsDigest } from './mappings-digest.ts';

/**
 * Reads the mappings from end to end: what they come to, and what is wrong with them. Ascending sources are each there
 * once; of the rest of the ids 16 bytes a mapping are held, half as much again while they are collected.
 */
export async function surveyMappings(
  mappings: MappingSource,
  onIssue: (issue: Issue) => void,
): Promise<MappingTotals> {
  const digest = createMappingsDigest();
  const sources = createIdColumn();
  const targets = createIdColumn();
  let segments = 0;
  let rows = 0;
  let previous = 0n;

  for await (const mapping of mappings()) {
    segments++;
    const report = (field: string, reason: string): void =>
      onIssue(issueOf(mapping, segments, field, reason));
    const { sourceSegmentId, targetSegmentId, partitionId, numOfRows = 0 } = mapping;
    if (!isId(sourceSegmentId)) report('sourceSegmentId', WRONG_ID);
    else if (sourceSegmentId === previous)
      report('sourceSegmentId', 'is the source of the mapping before it');
    else if (sourceSegmentId < previous)
      report('sourceSegmentId', `must be above ${previous} of the mapping before it: ascending by source`);
    else {
      sources.add(sourceSegmentId);
      previous = sourceSegmentId;
    }
    if (isId(targetSegmentId)) targets.add(targetSegmentId);
    else report('targetSegmentId', WRONG_ID);
    if (!isPartitionId(partitionId)) report('partitionId', `${WRONG_ID}, or -1`);
    if (Number.isSafeInteger(numOfRows) && numOfRows >= 0) rows += numOfRows;
    else report('numOfRows', 'must be a whole number between 0 and 2^53-1');
    digest.add(mapping);
  }

  const sortedTargets = targets.sorted();
  const repeated = firstOf(repeatedIn(sortedTargets));
  const shared = firstOf(sharedBy(sources.sorted(), sortedTargets));
  if (repeated.size + shared.size > 0) await nameRepeats(mappings, { repeated, shared }, onIssue);
  if (!Number.isSafeInteger(rows)) onIssue({ field: 'numOfRows', reason: 'sums up to more than 2^53-1' });
  return { segments, tasks: Math.ceil(segments / SEGMENTS_PER_TASK), rows, digest: digest.end() };
}

/** More of them than a refusal names would only take memory. */
const MAX_REPEATS_NAMED = 1_000;

function firstOf(ids: Iterable<bigint>): Set<bigint> {
  const first = new Set<bigint>();
  for (const id of ids) {
    first.add(id);
    if (first.size === MAX_REPEATS_NAMED) break;
  }
  return first;
}

interface Repeats {
  readonly repeated: ReadonlySet<bigint>;
  readonly shared: ReadonlySet<bigint>;
}

/** The columns know which ids are there twice, and not where. */
async function nameRepeats(
  mappings: MappingSource,
  { repeated, shared }: Repeats,
  onIssue: (issue: Issue) => void,
): Promise<void> {
  const firstPlaceOf = new Map<bigint, string>();
  let place = 0;
  for await (const mapping of mappings()) {
    place++;
    const { targetSegmentId: target } = mapping;
    const report = (reason: string): void => onIssue(issueOf(mapping, place, 'targetSegmentId', reason));
    if (shared.has(target)) report(`${target} is a source as well`);
    if (!repeated.has(target)) continue;
    const first = firstPlaceOf.get(target);
    if (first !== undefined) report(`${target} is the target of ${first} already`);
    else firstPlaceOf.set(target, mapping.origin?.path ?? `line ${mapping.origin?.line ?? place}`);
  }
}

const issueOf = ({ origin }: Mapping, place: number, name: string, reason: string): Issue => ({
  line: origin?.line ?? place,
  field: origin?.path === undefined ? name : `${origin.path}.${name}`,
  reason,
});
