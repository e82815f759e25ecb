import { isId, type RawId } from '../copy-segment/ids.ts';
import type { Item } from '../copy-segment/item.ts';
import { type KeyPage, TemporaryError } from '../copy-segment/stores.ts';
import type { Pass } from './pass.ts';

/** A scan of Jobs may take this share of the time that a recovery has; the rest is for the work. */
const SCAN_SHARE = 0.5;

/** A page of a scan: a table may have millions of ids, so they are held in eight bytes each. */
export interface ScannedPage {
  readonly ids: BigInt64Array;
  /** Keys that are invalid ids. */
  readonly strays: readonly RawId[];
  /** Where a scan resumes after this page; undefined at the end. */
  readonly resumeKey?: Item | undefined;
}

export const scanned = ({ jobIds, resumeKey }: KeyPage): ScannedPage => ({
  ids: BigInt64Array.from(jobIds.filter(isId)),
  strays: jobIds.filter((jobId) => !isId(jobId)),
  resumeKey,
});

/** All of Jobs. */
export interface AllIds {
  /** Ascending. */
  readonly ids: BigInt64Array;
  readonly strays: readonly RawId[];
}

/** As much of Jobs as there was time for, in the table's own order. */
interface FirstPages {
  readonly pages: readonly ScannedPage[];
}

/** The ids of all jobs, or the first pages of them if the rest would take more than the share of the time. */
export async function scanJobs({ jobs, time }: Pick<Pass, 'jobs' | 'time'>): Promise<AllIds | FirstPages> {
  const isUsedUp = time.share(SCAN_SHARE);
  const pages: ScannedPage[] = [];
  try {
    for await (const page of jobs.ids()) {
      pages.push(scanned(page));
      if (page.resumeKey !== undefined && isUsedUp()) return { pages };
    }
  } catch (error) {
    // What was found is worth doing before the scan is tried again where it ended.
    if (!(error instanceof TemporaryError) || pages.length === 0) throw error;
    return { pages };
  }
  return { ids: sorted(pages), strays: pages.flatMap(({ strays }) => strays) };
}

function sorted(pages: readonly ScannedPage[]): BigInt64Array {
  const all = new BigInt64Array(pages.reduce((sum, { ids }) => sum + ids.length, 0));
  let length = 0;
  for (const { ids } of pages) {
    all.set(ids, length);
    length += ids.length;
  }
  return all.sort();
}
