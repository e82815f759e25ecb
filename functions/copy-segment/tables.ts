import { DUE_INDEX } from './due-index.ts';

/**
 * Keys and index of the three tables, the one place that says so: CDK deploys them, the embedded engine
 * creates them. Every key attribute is a DynamoDB number.
 */
export interface TableDefinition {
  readonly partitionKey: string;
  readonly sortKey?: string;
  /** DynamoDB's time to live: the one time in epoch seconds. */
  readonly timeToLiveAttribute?: string;
  readonly dueIndex?: {
    readonly name: string;
    readonly partitionKey: string;
    readonly sortKey: string;
    readonly nonKeyAttributes: readonly string[];
  };
}

const dueIndex = {
  name: DUE_INDEX,
  partitionKey: 'dueShard',
  sortKey: 'dueAt',
  // What a verdict on a non-destructive action needs. The mappings stay out: they are most of a task's bytes,
  // and they are read with a strongly consistent read just before the drop that needs them.
  nonKeyAttributes: ['state', 'collectionId', 'taskVersion', 'enqueueCount', 'leaseExpiresAt'],
} as const;

export const tableDefinitions = {
  jobs: { partitionKey: 'jobId', timeToLiveAttribute: 'expiresAt', dueIndex },
  tasks: { partitionKey: 'jobId', sortKey: 'taskId', timeToLiveAttribute: 'expiresAt', dueIndex },
  segments: { partitionKey: 'segmentId' },
} as const satisfies Record<string, TableDefinition>;

export type TableKind = keyof typeof tableDefinitions;

/** The physical name of each table. */
export type TableNames = Readonly<Record<TableKind, string>>;
