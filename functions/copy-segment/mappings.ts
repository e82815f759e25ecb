import { gunzipSync, gzipSync } from 'node:zlib';
import { describeError } from './describe-error.ts';
import { isId, parseId, type RawId } from './ids.ts';

/** Milvus gives it to L0 segments, which hold deletes: "all partitions". */
export const ALL_PARTITIONS = -1n;

export interface IdMapping {
  readonly sourceSegmentId: bigint;
  readonly targetSegmentId: bigint;
  /** A partition id, or `ALL_PARTITIONS`. */
  readonly partitionId: bigint;
}

/** What a task's mappings say, as far as they can be read. */
export interface MappingsReading {
  /** Target segments, each once, in their order. */
  readonly targetSegmentIds: readonly bigint[];
  /** The mappings that can be read whole: all of them, if there is nothing in the two lists below. */
  readonly mappings: readonly IdMapping[];
  /** Targets that more than one mapping names: nothing to a drop, but no publication can be right. */
  readonly repeated: readonly bigint[];
  /** Targets that cannot be read, and why: they keep their task unsettled. */
  readonly unreadable: readonly string[];
  /** What else is wrong: reported, but no reason to leave a target alone. */
  readonly flaws: readonly string[];
}

export const isPartitionId = (value: unknown): boolean => value === ALL_PARTITIONS || isId(value);

/** A mapping that unpacks to more is malformed: a few kilobytes may stand for gigabytes of the same line. */
export const MAX_UNPACKED_BYTES = 4 * 1024 * 1024;

/** The compact form: gzip of text, a line `source,target,partition` per mapping. */
export const packMappings = (mappings: readonly IdMapping[]): Uint8Array =>
  gzipSync(
    mappings
      .map(
        ({ sourceSegmentId, targetSegmentId, partitionId }) =>
          `${sourceSegmentId},${targetSegmentId},${partitionId}\n`,
      )
      .join(''),
  );

/**
 * Reads a task's mappings, `idMappings` (L) or the compact `mappings` (B); NULL is absent.
 *
 * A drop needs the target alone. Whatever else is wrong with a mapping is a flaw.
 */
export function readMappings(item: {
  readonly idMappings?: unknown;
  readonly mappings?: unknown;
}): MappingsReading {
  const { idMappings, mappings: compact } = item;
  const hasList = idMappings !== undefined && idMappings !== null;
  const hasCompact = compact !== undefined && compact !== null;
  if (!hasList && !hasCompact)
    return {
      targetSegmentIds: [],
      mappings: [],
      repeated: [],
      unreadable: ['idMappings: is missing'],
      flaws: [],
    };

  const targets = new Set<bigint>();
  const repeated = new Set<bigint>();
  const mappings: IdMapping[] = [];
  const unreadable: string[] = [];
  const flaws: string[] =
    hasList && hasCompact ? ['mappings: a task has idMappings or mappings, not both'] : [];
  const collect = (raw: RawMapping, path: string): void => {
    if (isId(raw.targetSegmentId))
      (targets.has(raw.targetSegmentId) ? repeated : targets).add(raw.targetSegmentId);
    else unreadable.push(`${path}.targetSegmentId: ${wrongId(raw.targetSegmentId)}`);
    if (!isId(raw.sourceSegmentId)) flaws.push(`${path}.sourceSegmentId: ${wrongId(raw.sourceSegmentId)}`);
    if (!isPartitionId(raw.partitionId)) flaws.push(`${path}.partitionId: ${wrongId(raw.partitionId)}`);
    if (isMapping(raw)) mappings.push(raw);
  };

  if (hasList) {
    if (Array.isArray(idMappings))
      for (const [index, raw] of idMappings.entries())
        if (isMap(raw)) collect(raw, `idMappings.${index}`);
        else unreadable.push(`idMappings.${index}: must be a map (M)`);
    else unreadable.push('idMappings: must be a list (L)');
  }
  if (hasCompact) {
    const lines = unpack(compact);
    if (lines.ok)
      for (const [index, line] of lines.value.entries()) collect(parseLine(line), `mappings.${index}`);
    else unreadable.push(`mappings: ${lines.reason}`);
  }
  return { targetSegmentIds: [...targets], mappings, repeated: [...repeated], unreadable, flaws };
}

interface RawMapping {
  readonly sourceSegmentId?: unknown;
  readonly targetSegmentId?: unknown;
  readonly partitionId?: unknown;
}

const isMapping = (raw: RawMapping): raw is IdMapping =>
  isId(raw.sourceSegmentId) && isId(raw.targetSegmentId) && isPartitionId(raw.partitionId);

const isMap = (value: unknown): value is RawMapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function unpack(mappings: unknown) {
  if (!(mappings instanceof Uint8Array)) return { ok: false, reason: 'must be binary (B)' } as const;
  try {
    const text = gunzipSync(mappings, { maxOutputLength: MAX_UNPACKED_BYTES }).toString('utf8');
    return { ok: true, value: text.split('\n').filter((line) => line !== '') } as const;
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const reason = isTooLarge ? 'unpacks to more than 4 MB' : `is no gzip: ${describeError(error)}`;
    return { ok: false, reason } as const;
  }
}

function parseLine(line: string): RawMapping {
  const [source = '', target = '', partition = '', ...rest] = line.split(',');
  if (rest.length > 0) return {};
  return {
    sourceSegmentId: parseId(source),
    targetSegmentId: parseId(target),
    partitionId: partition === String(ALL_PARTITIONS) ? ALL_PARTITIONS : parseId(partition),
  };
}

const wrongId = (value: unknown): string => {
  if (value === undefined || value === null) return 'is missing';
  const isNumber = typeof value === 'bigint' || typeof value === 'number';
  return isNumber && Number.isInteger(Number(value as RawId))
    ? 'must be between 1 and 2^63-1'
    : 'must be a whole number (N)';
};
