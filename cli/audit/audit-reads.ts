import type { DynamoAccess } from '../../functions/aws/metered-clients.ts';
import { readItems, scanPages } from '../../functions/aws/reads.ts';
import { createTableReads } from '../../functions/aws/table-reads.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { type JobReads, type TaskReads, TemporaryError } from '../../functions/copy-segment/stores.ts';
import type { TableKind, TableNames } from '../../functions/copy-segment/tables.ts';

/** What the invariants say something about. The rest of a segment is not held. */
const SEGMENT_ATTRIBUTES = [
  'segmentId',
  'state',
  'jobId',
  'taskId',
  'isImporting',
  'publishedAt',
  'droppedAt',
];

/** The tables as an audit reads them. */
export interface AuditReads {
  readonly jobs: Pick<JobReads, 'read'>;
  readonly tasks: Pick<TaskReads, 'ofJob'>;
  /** Every item of a table, page by page, strongly consistent. */
  scan(table: TableKind): AsyncIterable<readonly Item[]>;
  /**
   * The segments that exist among the ids, strongly consistent.
   *
   * @throws TemporaryError if some could not be read
   */
  segments(ids: readonly bigint[]): Promise<ReadonlyMap<bigint, Item>>;
}

export function createAuditReads(clients: DynamoAccess, tables: TableNames): AuditReads {
  const { jobs, tasks } = createTableReads(clients, tables);
  return {
    jobs,
    tasks,
    async *scan(table) {
      const projection = table === 'segments' && {
        ProjectionExpression: SEGMENT_ATTRIBUTES.map((name) => `#${name}`).join(', '),
        ExpressionAttributeNames: Object.fromEntries(SEGMENT_ATTRIBUTES.map((name) => [`#${name}`, name])),
      };
      const pages = scanPages(clients, { TableName: tables[table], ConsistentRead: true, ...projection });
      for await (const { items } of pages) yield items;
    },
    async segments(ids) {
      const keys = ids.map((segmentId) => ({ segmentId }));
      const { found, unread } = await readItems(clients, tables.segments, keys, SEGMENT_ATTRIBUTES);
      const [failure] = unread;
      if (failure !== undefined)
        throw new TemporaryError(`segment ${failure.key.segmentId}: ${failure.reason}`);
      return new Map(found.map((item) => [item.segmentId as bigint, item]));
    },
  };
}
