import { gunzipSync, gzipSync } from 'node:zlib';
import { describeError } from './describe-error.ts';
import { isId, parseId, type RawId } from './ids.ts';
import { createIssues } from './issues.ts';

/** Milvus gives it to L0 segments, which hold deletes: "all partitions". */
export const ALL_PARTITIONS = -1n;

export interface IdMapping {
  readonly sourceSegmentId: bigint;
  readonly targetSegmentId: bigint;
  /** A partition id, or `ALL_PARTITIONS`. */
  readonly partitionId: bigint;
}

/** The readable part of a task's mappings. */
export interface MappingsReading {
  /** Target segments, each once, in their order. */
  readonly targetSegmentIds: readonly bigint[];
  /** The mappings that can be read whole: all of them, if there is nothing in the two lists below. */
  readonly mappings: readonly IdMapping[];
  /** Targets that more than one mapping names: nothing to a drop, but no publication can be right. */
  readonly repeated: readonly bigint[];
  /** Why some targets cannot be read: they keep their task unsettled. */
  readonly unreadable?: string | undefined;
  /** Anything else that is wrong: reported, but no reason to spare a target. */
  readonly flaws?: string | undefined;
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
    return { targetSegmentIds: [], mappings: [], repeated: [], unreadable: 'idMappings: is missing' };

  const targets = new Set<bigint>();
  const repeated = new Set<bigint>();
  const mappings: IdMapping[] = [];
  const unreadable = createIssues();
  const flaws = createIssues();
  if (hasList && hasCompact) flaws.add(() => 'mappings: a task has idMappings or mappings, not both');
  const collect = (raw: RawMapping, path: () => string): void => {
    if (isId(raw.targetSegmentId))
      (targets.has(raw.targetSegmentId) ? repeated : targets).add(raw.targetSegmentId);
    else unreadable.add(() => `${path()}.targetSegmentId: ${wrongId(raw.targetSegmentId)}`);
    if (!isId(raw.sourceSegmentId))
      flaws.add(() => `${path()}.sourceSegmentId: ${wrongId(raw.sourceSegmentId)}`);
    if (!isPartitionId(raw.partitionId))
      flaws.add(() => `${path()}.partitionId: ${wrongId(raw.partitionId)}`);
    if (isMapping(raw)) mappings.push(raw);
  };

  if (hasList) {
    if (Array.isArray(idMappings))
      for (const [index, raw] of idMappings.entries())
        if (isMap(raw)) collect(raw, () => `idMappings.${index}`);
        else unreadable.add(() => `idMappings.${index}: must be a map (M)`);
    else unreadable.add(() => 'idMappings: must be a list (L)');
  }
  if (hasCompact) {
    const text = unpack(compact);
    let index = 0;
    if (text.ok)
      for (const line of linesOf(text.value)) {
        const at = index++;
        collect(parseLine(line), () => `mappings.${at}`);
      }
    else unreadable.add(() => `mappings: ${text.reason}`);
  }
  return {
    targetSegmentIds: [...targets],
    mappings,
    repeated: [...repeated],
    unreadable: unreadable.list(),
    flaws: flaws.list(),
  };
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
    const bytes = gunzipSync(mappings, { maxOutputLength: MAX_UNPACKED_BYTES });
    return { ok: true, value: bytes.toString('utf8') } as const;
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const reason = isTooLarge ? 'unpacks to more than 4 MB' : `is no gzip: ${describeError(error)}`;
    return { ok: false, reason } as const;
  }
}

/** The lines of a text that are not empty, one at a time: four megabytes may be two million of them. */
function* linesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    if (end > start) yield text.slice(start, end);
    start = end + 1;
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
