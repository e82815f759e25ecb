import type { LimitFunction } from 'p-limit';
import type { CopiedPart, ObjectAddress, ObjectStore, Refused, StoredObject } from './object-store.ts';
import { partRanges } from './part-ranges.ts';

/** What copies in parts share, however many there are at once. */
export interface PartsRun {
  /** In bytes. */
  readonly partBytes: number;
  /** Lets so many parts be in flight. */
  readonly limit: LimitFunction;
  /** Whether to start nothing more. */
  isOver(): boolean;
}

/**
 * Copies an object part by part. Whatever does not end with the target, ends with the upload given up: parts that
 * nobody finishes are stored, and paid for, until they are.
 */
export async function copyInParts(
  store: ObjectStore,
  source: StoredObject,
  target: ObjectAddress,
  { partBytes, limit, isOver }: PartsRun,
): Promise<'created' | 'outOfTime' | Refused> {
  const upload = await store.openUpload(source, target);
  const parts: CopiedPart[] = [];
  let ended: 'outOfTime' | Refused | 'failed' | undefined;

  const copyPart = async (number: number, range: { first: number; last: number }): Promise<void> => {
    if (isOver()) ended ??= 'outOfTime';
    if (ended) return;
    try {
      const part = await upload.copyPart(number, range);
      if (part === 'refused') ended ??= part;
      else parts.push(part);
    } catch (error) {
      ended ??= 'failed';
      throw error;
    }
  };

  try {
    // All of them settle before the upload is given up: a part that arrives later would stay.
    const settled = await Promise.allSettled(
      partRanges(source.size, partBytes).map((range, index) => limit(copyPart, index + 1, range)),
    );
    const failed = settled.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    const answer = ended && ended !== 'failed' ? ended : await upload.finish(inOrder(parts));
    if (answer !== 'created') await upload.abort();
    return answer;
  } catch (error) {
    await upload.abort();
    throw error;
  }
}

const inOrder = (parts: readonly CopiedPart[]): CopiedPart[] => parts.toSorted((a, b) => a.number - b.number);
