import * as v from 'valibot';
import { describeError } from '../copy-segment/describe-error.ts';
import { parseId } from '../copy-segment/ids.ts';
import { FatalError } from '../worker/fatal-error.ts';
import { below, targetKey } from './milvus-layout.ts';
import { type ObjectStore, SourceChangedError, type StoredObject } from './object-store.ts';
import type { PlannedCopy } from './plan.ts';
import type { SegmentPair, Transfer } from './transfer.ts';

/** A list is as long as a task has objects: it is read in steps. */
const BYTES_PER_READ = 4 * 1024 * 1024;

const entry = v.object({
  segmentId: v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const id = parseId(dataset.value);
      if (id !== undefined) return id;
      addIssue({ message: 'must be an id, as a decimal string' });
      return NEVER;
    }),
  ),
  source: v.pipe(v.string(), v.nonEmpty()),
  target: v.optional(v.pipe(v.string(), v.nonEmpty())),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  etag: v.optional(v.string()),
});

/**
 * Reads a list of objects: NDJSON, `{ segmentId, source, target?, size, etag? }` per line. `segmentId` is the source
 * segment, `source` and `target` are whole keys below the job's root paths.
 *
 * @throws FatalError that names the line, for a list that is missing, changes meanwhile, or says what cannot be
 */
export async function* readCopyList(
  store: ObjectStore,
  transfer: Transfer,
  key: string,
): AsyncGenerator<PlannedCopy> {
  const list = await store.look({ bucket: transfer.from.bucket, key });
  if (!list) throw new FatalError(`the object list ${key} is missing`);
  const pairs = new Map(transfer.segments.map((pair) => [pair.source.segmentId, pair]));
  let number = 0;
  try {
    for await (const line of linesOf(store, list)) {
      number++;
      if (line.trim() !== '') yield parseLine(line, transfer, pairs);
    }
  } catch (error) {
    if (error instanceof SourceChangedError)
      throw new FatalError(`the object list ${key} changed while it was read`);
    if (error instanceof InvalidLineError)
      throw new FatalError(`line ${number} of the object list ${key}: ${error.message}`);
    throw error;
  }
}

class InvalidLineError extends Error {
  override name = 'InvalidLineError';
}

function parseLine(
  line: string,
  { from, to }: Transfer,
  pairs: ReadonlyMap<bigint, SegmentPair>,
): PlannedCopy {
  const { segmentId, source, target, size, etag } = parseEntry(line);
  const pair = pairs.get(segmentId);
  if (!pair) throw new InvalidLineError(`segment ${segmentId} is not a source of this task`);
  if (!source.startsWith(below(from.rootPath, '')))
    throw new InvalidLineError(`source ${source} is not below the root path ${from.rootPath}`);
  if (target !== undefined && !target.startsWith(below(to.rootPath, '')))
    throw new InvalidLineError(`target ${target} is not below the root path ${to.rootPath}`);
  const created = target ?? targetKey(source, from.rootPath, to.rootPath, pair.target);
  if (created === undefined)
    throw new InvalidLineError(`source ${source} has no log type with ids, and no target is given`);
  return {
    segmentId,
    source: { bucket: from.bucket, key: source },
    target: { bucket: to.bucket, key: created },
    size,
    ...(etag !== undefined && { etag: etag.replaceAll('"', '') }),
  };
}

function parseEntry(line: string): v.InferOutput<typeof entry> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw new InvalidLineError(describeError(error));
  }
  const parsed = v.safeParse(entry, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new InvalidLineError(`${v.getDotPath(issue) ?? 'the line'}: ${issue.message}`);
}

async function* linesOf(store: ObjectStore, list: StoredObject): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for (let first = 0; first < list.size; first += BYTES_PER_READ) {
    const last = Math.min(list.size, first + BYTES_PER_READ) - 1;
    const text = decoder.decode(await store.read(list, { first, last }), { stream: true });
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest + decoder.decode();
}
