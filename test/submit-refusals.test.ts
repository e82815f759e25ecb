import { describe, expect, it } from 'vitest';
import type { SubmittedJob } from '../functions/copy-segment/submission.ts';
import type { Mapping } from '../functions/submit/mapping-source.ts';
import { HOUR, NOW } from './support/builders.ts';
import { embeddedWorld } from './support/embedded-world.ts';
import { mappingsOf, RESTORE, submitTo } from './support/submit-world.ts';

const BEYOND = 2n ** 63n;

/** Submits what must be refused, and sees to it that no request was made. */
async function refusalOf(mappings: readonly Mapping[], job: SubmittedJob = RESTORE) {
  const world = await embeddedWorld();
  const result = await submitTo(world, job, mappings, {
    disturb: () => {
      throw new Error('a refusal makes no request');
    },
  });
  if (result.kind !== 'refused') throw new Error(`it is ${result.kind}`);
  return result.issues;
}

/** Three mappings, one of them changed. */
const withChange = (at: number, change: Record<string, unknown>): Mapping[] =>
  mappingsOf(3).map((mapping, index) => (index === at ? ({ ...mapping, ...change } as Mapping) : mapping));

const WRONG = 'must be a whole number between 1 and 2^63-1';

describe('mappings are refused, and nothing is written,', () => {
  it.each([
    ['a source out of range', 1, { sourceSegmentId: 0n }, 'sourceSegmentId', WRONG],
    ['a source that is no bigint', 1, { sourceSegmentId: 1_000_002 }, 'sourceSegmentId', WRONG],
    ['a target out of range', 2, { targetSegmentId: BEYOND }, 'targetSegmentId', WRONG],
    ['a target that is missing', 0, { targetSegmentId: undefined }, 'targetSegmentId', WRONG],
    ['a partition out of range', 1, { partitionId: 0n }, 'partitionId', `${WRONG}, or -1`],
    ['a partition of −2', 1, { partitionId: -2n }, 'partitionId', `${WRONG}, or -1`],
    ['negative rows', 1, { numOfRows: -1 }, 'numOfRows', 'must be a whole number between 0 and 2^53-1'],
    ['half a row', 1, { numOfRows: 0.5 }, 'numOfRows', 'must be a whole number between 0 and 2^53-1'],
    [
      'a source twice',
      1,
      { sourceSegmentId: 1_000_001n },
      'sourceSegmentId',
      'is the source of the mapping before it',
    ],
    [
      'a source below the one before it',
      2,
      { sourceSegmentId: 5n },
      'sourceSegmentId',
      'must be above 1000002 of the mapping before it: ascending by source',
    ],
    ['a target twice', 2, { targetSegmentId: 1n }, 'targetSegmentId', '1 is the target of line 1 already'],
    [
      'an id on both sides',
      0,
      { targetSegmentId: 1_000_003n },
      'targetSegmentId',
      '1000003 is a source as well',
    ],
    [
      'a segment onto itself',
      2,
      { targetSegmentId: 1_000_003n },
      'targetSegmentId',
      '1000003 is a source as well',
    ],
  ])('with the line and the field, for %s', async (_, at, change, field, reason) => {
    const { listed, total } = await refusalOf(withChange(at, change));
    expect({ listed, total }).toEqual({ listed: [{ line: at + 1, field, reason }], total: 1 });
  });

  it('for more rows than can be counted', async () => {
    const rows = { numOfRows: Number.MAX_SAFE_INTEGER };
    const { listed } = await refusalOf(mappingsOf(2).map((mapping) => ({ ...mapping, ...rows })));
    expect(listed).toEqual([{ field: 'numOfRows', reason: 'sums up to more than 2^53-1' }]);
  });

  it('with the lines of the file they come from', async () => {
    const lines = withChange(2, { targetSegmentId: 1n }).map((mapping, index) => ({
      ...mapping,
      origin: { line: 10 + 2 * index },
    }));
    expect((await refusalOf(lines)).listed).toEqual([
      { line: 14, field: 'targetSegmentId', reason: '1 is the target of line 10 already' },
    ]);
    const list = withChange(2, { targetSegmentId: 1n }).map((mapping, index) => ({
      ...mapping,
      origin: { line: 1, path: `idMappings.${index}` },
    }));
    expect((await refusalOf(list)).listed).toEqual([
      {
        line: 1,
        field: 'idMappings.2.targetSegmentId',
        reason: '1 is the target of idMappings.0 already',
      },
    ]);
  });

  it('with all that is wrong, up to twenty', async () => {
    const bad = mappingsOf(100).map((mapping) => ({ ...mapping, partitionId: 0n }));
    const { listed, total } = await refusalOf(bad);
    expect(listed.map(({ line }) => line)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(total).toBe(100);
  });

  it('for one target among thousands that is there twice, far apart and in any order', async () => {
    const count = 5_000;
    const shuffled = mappingsOf(count).map((mapping, index) => ({
      ...mapping,
      targetSegmentId: BigInt(1 + ((index * 7_919) % count)),
    }));
    const last = shuffled[count - 1] as Mapping;
    shuffled[count - 1] = { ...last, targetSegmentId: shuffled[17]?.targetSegmentId ?? 0n };
    expect((await refusalOf(shuffled)).listed).toMatchObject([{ line: count, field: 'targetSegmentId' }]);
  });
});

describe('a job is refused, and nothing is written,', () => {
  it.each([
    ['an id that is none', { jobId: 0n }, 'jobId', /between 1 and/],
    ['a collection that is none', { collectionId: -1n }, 'collectionId', /between 1 and/],
    [
      'a source collection that is none',
      { sourceCollectionId: BEYOND },
      'sourceCollectionId',
      /between 1 and/,
    ],
    [
      'a deadline in seconds',
      { timeoutAt: Math.floor((NOW + HOUR) / 1_000) },
      'timeoutAt',
      /Unix milliseconds/,
    ],
    ['a deadline in nanoseconds', { timeoutAt: (NOW + HOUR) * 1_000_000 }, 'timeoutAt', /Unix milliseconds/],
    [
      'a source without a bucket',
      { source: { bucket: '', rootPath: 'x' } },
      'source.bucket',
      /name of a bucket/,
    ],
    ['a target without a path', { target: { bucket: 'b' } }, 'target.rootPath', /must be a string/],
    ['a name that is none', { snapshotName: 7 }, 'snapshotName', 'must be a string'],
  ])('with its field, for %s', async (_, change, field, reason) => {
    const { listed } = await refusalOf(mappingsOf(1), { ...RESTORE, ...change } as SubmittedJob);
    expect(listed).toEqual([{ field, reason: expect.stringMatching(reason) }]);
  });

  it('together with what is wrong with its mappings', async () => {
    const { listed } = await refusalOf(withChange(1, { partitionId: 0n }), { ...RESTORE, jobId: 0n });
    expect(listed.map(({ field }) => field)).toEqual(['jobId', 'partitionId']);
  });
});
