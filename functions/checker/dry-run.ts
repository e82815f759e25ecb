import { absent } from '../copy-segment/change.ts';
import type { Item } from '../copy-segment/item.ts';
import { isJob } from '../copy-segment/job.ts';
import { done } from '../copy-segment/stores.ts';
import type { TableKind } from '../copy-segment/tables.ts';
import type { Check, FailedPart } from '../copy-segment/transaction.ts';
import { createOverlay, jobsUnder, segmentsUnder } from '../pass/overlay.ts';
import type { CheckerStores } from './check-pass.ts';

/**
 * The same reads, and changes that are not made: the report says what would have been. A change to a job succeeds; the
 * conditions of a transaction are held against what is there, since a publication learns from them what is wrong.
 */
export function dryRun({ jobs, tasks, segments, lastUnfinished }: CheckerStores): CheckerStores {
  const overlay = createOverlay();

  const read: Pick<CheckerStores, 'jobs' | 'tasks' | 'segments'> = {
    jobs: jobsUnder(overlay, jobs),
    tasks,
    segments: segmentsUnder(overlay, segments),
  };

  const itemsOf = async (checks: readonly Check[]): Promise<(Item | undefined)[]> => {
    const idsOf = (table: TableKind, name: string): bigint[] =>
      checks.flatMap((check) => (check.table === table ? [check.key[name] as bigint] : []));
    const found = await read.jobs.read(idsOf('jobs', 'jobId'));
    const { found: foundSegments } = await read.segments.read(idsOf('segments', 'segmentId'));
    return checks.map(({ table, key }) => {
      if (table === 'segments') return foundSegments.get(key.segmentId as bigint);
      const job = found.get(key.jobId as bigint);
      return job !== undefined && isJob(job) ? job.raw : undefined;
    });
  };

  return {
    ...read,
    lastUnfinished,
    async write(changes) {
      for (const change of changes) overlay.add(change);
      return changes.map(() => done);
    },
    async transact(parts) {
      const changes = parts.flatMap((part) => ('change' in part ? [part.change] : []));
      const checks = parts.map((part): Check => {
        if ('create' in part) throw new Error('a check creates nothing');
        return 'check' in part ? part.check : part.change;
      });
      const items = await itemsOf(checks);
      const failedParts = checks.flatMap((check, index): FailedPart[] => {
        const item = items[index];
        return holds(check, item) ? [] : [{ index, ...(item && { item }) }];
      });
      if (failedParts.length > 0) return { kind: 'conditionFailed', parts: failedParts };
      for (const change of changes) overlay.add(change);
      return { kind: 'done' };
    },
  };
}

const holds = (check: Check, item: Item | undefined): boolean =>
  item !== undefined &&
  Object.entries(check.if).every(([name, value]) =>
    value === absent ? item[name] === undefined : item[name] === value,
  );
