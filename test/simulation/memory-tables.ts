import { absent, type Change } from '../../functions/copy-segment/change.ts';
import { compareIds, type RawId } from '../../functions/copy-segment/ids.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { type JobLookup, readJob } from '../../functions/copy-segment/job.ts';
import type { KeyPage, WriteOutcome } from '../../functions/copy-segment/stores.ts';
import { type TableKind, tableDefinitions } from '../../functions/copy-segment/tables.ts';
import { readIndexedTask, readTask, sightTask } from '../../functions/copy-segment/task.ts';
import type { FailedPart, Part, TransactionOutcome } from '../../functions/copy-segment/transaction.ts';
import type { Reads } from './stage.ts';

export type Tables = Record<TableKind, Map<string, Item>>;

export const emptyTables = (): Tables => ({ jobs: new Map(), tasks: new Map(), segments: new Map() });

/** Items are never changed, only replaced: a copy of the maps is a copy of the tables. */
export const copyOf = ({ jobs, tasks, segments }: Tables): Tables => ({
  jobs: new Map(jobs),
  tasks: new Map(tasks),
  segments: new Map(segments),
});

export const nameOf = (table: TableKind, item: Item): string => {
  const definition = tableDefinitions[table];
  const sortKey = 'sortKey' in definition ? `/${item[definition.sortKey]}` : '';
  return `${item[definition.partitionKey]}${sortKey}`;
};

/** As the document client reads it back: whole numbers are `bigint`, what is undefined is left out. */
export function asStored(value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(asStored);
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([name, inner]) => [name, asStored(inner)]));
}

/** Makes a change if its condition holds. */
export function makeChange(
  tables: Tables,
  { table, key, if: conditions, set, add = {}, remove }: Change,
): Exclude<WriteOutcome, { kind: 'failed' }> {
  const name = nameOf(table, key);
  const item = tables[table].get(name);
  if (item === undefined) return { kind: 'conditionFailed' };
  if (!holds(item, conditions)) return { kind: 'conditionFailed', item };
  const counted = Object.entries(add).map(([attribute, by]) => [
    attribute,
    BigInt((item[attribute] as bigint | undefined) ?? 0n) + BigInt(by as number | bigint),
  ]);
  const kept = Object.entries(item).filter(
    ([attribute]) => !(remove as readonly string[]).includes(attribute),
  );
  tables[table].set(name, {
    ...Object.fromEntries(kept),
    ...(asStored(set) as Item),
    ...Object.fromEntries(counted),
  });
  return { kind: 'done' };
}

const holds = (item: Item, conditions: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(conditions).every(([attribute, condition]) =>
    condition === absent ? item[attribute] === undefined : item[attribute] === asStored(condition),
  );

/** Makes all parts of a transaction, or none. */
export function makeTransaction(tables: Tables, parts: readonly Part[]): TransactionOutcome {
  const failed = parts.flatMap((part, index): FailedPart[] => {
    const { table, key } = 'check' in part ? part.check : 'change' in part ? part.change : part.create;
    const item = tables[table].get(nameOf(table, key));
    const isMet =
      'create' in part
        ? item === undefined
        : item !== undefined && holds(item, 'check' in part ? part.check.if : part.change.if);
    return isMet ? [] : [{ index, ...(item && { item }) }];
  });
  if (failed.length > 0) return { kind: 'conditionFailed', parts: failed };
  for (const part of parts) {
    if ('change' in part) makeChange(tables, part.change);
    if ('create' in part) {
      const { table, key, item } = part.create;
      tables[table].set(nameOf(table, key), asStored(item) as Item);
    }
  }
  return { kind: 'done' };
}

/** Reads like those of AWS, in small pages so that paging is played as well. */
export function readsOf(tables: Tables, index: Tables, pageSize: number): Reads {
  const due = (table: 'jobs' | 'tasks', shard: number, now: number): Item[] => {
    const { partitionKey, dueIndex } = tableDefinitions[table];
    const names = [partitionKey, 'taskId', 'dueShard', 'dueAt', ...dueIndex.nonKeyAttributes];
    return [...index[table].values()]
      .filter((item) => item.dueShard === BigInt(shard) && Number(item.dueAt ?? Number.NaN) <= now)
      .sort((a, b) => Number(a.dueAt) - Number(b.dueAt))
      .map((item) => Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name))));
  };

  async function* keyPages(table: 'jobs' | 'tasks', after?: Item): AsyncGenerator<KeyPage> {
    let last = after && placeOf(after);
    for (;;) {
      const left = [...tables[table].values()]
        .filter((item) => last === undefined || placeOf(item) > last)
        .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
      const page = left.slice(0, pageSize);
      const final = page.at(-1);
      const resumeKey =
        left.length > pageSize && final
          ? { jobId: final.jobId, ...(table === 'tasks' && { taskId: final.taskId }) }
          : undefined;
      yield { jobIds: page.map(({ jobId }) => jobId as bigint), resumeKey };
      if (resumeKey === undefined) return;
      last = placeOf(resumeKey);
    }
  }

  return {
    jobs: {
      async *due(shard, now) {
        for (const page of pagesOf(due('jobs', shard, now), pageSize))
          yield page.map(({ jobId, dueAt, state }) => ({
            jobId: jobId as bigint,
            dueAt: Number(dueAt),
            state,
          }));
      },
      async read(jobIds) {
        return new Map<RawId, JobLookup>(
          jobIds.map((jobId) => {
            const raw = tables.jobs.get(String(jobId));
            const reading = raw && readJob(raw);
            if (raw === undefined || reading === undefined) return [jobId, 'missing'] as const;
            return [jobId, reading.ok ? reading.value : { unreadable: reading.reason, raw }] as const;
          }),
        );
      },
      ids: (after) => keyPages('jobs', after),
    },
    tasks: {
      async *due(shard, now) {
        for (const page of pagesOf(due('tasks', shard, now), pageSize))
          yield page.map((item) => sightTask(item, readIndexedTask));
      },
      async read(keys) {
        const found = existing(keys.map((key) => tables.tasks.get(nameOf('tasks', { ...key }))));
        return { found: found.map((item) => sightTask(item, readTask)), unread: [] };
      },
      async *ofJob(jobId, afterTaskId) {
        let after = afterTaskId;
        for (;;) {
          const left = [...tables.tasks.values()]
            .filter(
              (item) => item.jobId === jobId && (after === undefined || (item.taskId as bigint) > after),
            )
            .sort((a, b) => compareIds(a.taskId as bigint, b.taskId as bigint));
          const page = left.slice(0, pageSize);
          yield page.map((item) => sightTask(item, readTask));
          if (left.length <= pageSize) return;
          after = page.at(-1)?.taskId as bigint;
        }
      },
      jobIds: (after) => keyPages('tasks', after),
    },
    segments: {
      async read(segmentIds) {
        const items = existing(segmentIds.map((id) => tables.segments.get(String(id))));
        return { found: new Map(items.map((item) => [item.segmentId as bigint, item])), unread: [] };
      },
    },
  };
}

/** A table's own order has nothing to do with its keys; the tasks of a job stand together. */
const placeOf = ({ jobId, taskId }: Item): string =>
  `${[...String(jobId)].reverse().join('')}/${String(taskId ?? '').padStart(20)}`;

function* pagesOf(items: readonly Item[], pageSize: number): Generator<Item[]> {
  for (let start = 0; start < items.length; start += pageSize) yield items.slice(start, start + pageSize);
}

const existing = (items: readonly (Item | undefined)[]): Item[] => items.filter((item) => item !== undefined);
