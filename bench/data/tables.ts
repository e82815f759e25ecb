import type { TableNames } from '../../functions/copy-segment/tables.ts';

/** What the tables of every run are called. */
export const TABLES: TableNames = { jobs: 'bench-jobs', tasks: 'bench-tasks', segments: 'bench-segments' };
