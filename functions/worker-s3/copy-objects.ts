import pLimit from 'p-limit';
import pMap, { pMapSkip } from 'p-map';
import { FatalError } from '../worker/fatal-error.ts';
import { type CopyOptions, copyObject } from './copy-object.ts';
import type { ObjectStore } from './object-store.ts';
import { MAX_SINGLE_COPY_BYTES, PART_BYTES } from './part-ranges.ts';
import type { PlannedCopy } from './plan.ts';

/**
 * The bytes move inside S3: what a worker has in flight are requests. Together they fit into the sockets that the
 * SDK keeps; S3 takes 3,500 copies per second and prefix.
 */
const OBJECTS_IN_FLIGHT = 16;
const PARTS_IN_FLIGHT = 32;

export interface CopyRun {
  /** `outOfTime`: there are objects left. */
  readonly kind: 'done' | 'outOfTime';
  /** Objects that are there and equal, and their bytes. */
  readonly objects: number;
  readonly bytes: bigint;
  /** How many of them this run created. */
  readonly created: number;
}

export interface CopyObjectsOptions extends Partial<Pick<CopyOptions, 'maxSingleBytes' | 'partBytes'>> {
  /** Whether to start nothing more. */
  isOver(): boolean;
}

/**
 * Copies objects as they are planned, several at once. When it returns or throws, nothing is in flight any more.
 *
 * @throws FatalError if one of them can never be copied; else the first error that kept one from being copied
 */
export async function copyObjects(
  store: ObjectStore,
  planned: AsyncIterable<PlannedCopy>,
  { isOver, ...sizes }: CopyObjectsOptions,
): Promise<CopyRun> {
  const options = {
    maxSingleBytes: MAX_SINGLE_COPY_BYTES,
    partBytes: PART_BYTES,
    ...sizes,
    limit: pLimit(PARTS_IN_FLIGHT),
    isOver,
  };
  const run = { objects: 0, bytes: 0n, created: 0 };
  const failures: unknown[] = [];
  let isOutOfTime = false;

  // An error ends what is planned, not the map: that would leave behind what is in flight.
  async function* untilOver(): AsyncGenerator<PlannedCopy> {
    try {
      for await (const copy of planned) {
        isOutOfTime ||= isOver();
        if (isOutOfTime || failures.length > 0) return;
        yield copy;
      }
    } catch (error) {
      failures.push(error);
    }
  }

  await pMap(
    untilOver(),
    async (copy) => {
      try {
        const outcome = await copyObject(store, copy, options);
        if (outcome === 'outOfTime') isOutOfTime = true;
        else {
          run.objects++;
          run.bytes += BigInt(copy.size);
          if (outcome === 'copied') run.created++;
        }
      } catch (error) {
        failures.push(error);
      }
      return pMapSkip;
    },
    { concurrency: OBJECTS_IN_FLIGHT },
  );

  const fatal = failures.find((error) => error instanceof FatalError);
  if (fatal) throw fatal;
  // Requests that were cut off at the end of the time are no reason to count a retry.
  if (isOutOfTime || (failures.length > 0 && isOver())) return { kind: 'outOfTime', ...run };
  if (failures.length > 0) throw failures[0];
  return { kind: 'done', ...run };
}
