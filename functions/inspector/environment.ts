import { DEFAULT_DUE_SHARDS } from '../copy-segment/due-index.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import { positive, required, type Variables } from '../pass/variables.ts';

/** What the deployment tells the function: the names of its environment variables, for CDK and for the handler. */
export const ENVIRONMENT = {
  jobsTable: 'JOBS_TABLE_NAME',
  tasksTable: 'TASKS_TABLE_NAME',
  segmentsTable: 'SEGMENTS_TABLE_NAME',
  queueUrl: 'SCHEDULER_QUEUE_URL',
  shards: 'DUE_SHARDS',
  inspectSeconds: 'INSPECT_SECONDS',
} as const;

export interface Environment {
  readonly tables: TableNames;
  readonly queueUrl: string;
  readonly shards: number;
  /** How long an inspection may take, in milliseconds: no longer than the schedule's interval. */
  readonly inspectMs: number;
}

/** @throws Error that names the variable that is missing or wrong */
export function readEnvironment(env: Variables): Environment {
  return {
    tables: {
      jobs: required(env, ENVIRONMENT.jobsTable),
      tasks: required(env, ENVIRONMENT.tasksTable),
      segments: required(env, ENVIRONMENT.segmentsTable),
    },
    queueUrl: required(env, ENVIRONMENT.queueUrl),
    shards: positive(env, ENVIRONMENT.shards, DEFAULT_DUE_SHARDS),
    inspectMs: positive(env, ENVIRONMENT.inspectSeconds, Number.POSITIVE_INFINITY) * 1_000,
  };
}
