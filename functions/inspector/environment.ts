import { DEFAULT_DUE_SHARDS } from '../copy-segment/due-index.ts';
import type { TableNames } from '../copy-segment/tables.ts';

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
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
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

function required(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name];
  if (!value)
    throw new Error(
      `environment variable ${name} is not set; the stack sets it when it deploys the function`,
    );
  return value;
}

function positive(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  otherwise: number,
): number {
  const value = env[name];
  if (value === undefined || value === '') return otherwise;
  if (!/^[1-9]\d*$/.test(value))
    throw new Error(`environment variable ${name} must be a whole number above 0, is "${value}"`);
  return Number(value);
}
