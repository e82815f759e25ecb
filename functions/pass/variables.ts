import { DEFAULT_DUE_SHARDS } from '../copy-segment/due-index.ts';
import type { TableNames } from '../copy-segment/tables.ts';

/** The environment of a function, as the stack sets it. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** @throws Error that names the variable */
export function required(env: Variables, name: string): string {
  const value = env[name];
  if (!value)
    throw new Error(
      `environment variable ${name} is not set; the stack sets it when it deploys the function`,
    );
  return value;
}

/** @throws Error that names the variable */
export const positive = (env: Variables, name: string, otherwise: number): number =>
  numberOf(env, name, otherwise, /^[1-9]\d*$/, 'a whole number above 0');

/** @throws Error that names the variable */
export const whole = (env: Variables, name: string, otherwise: number): number =>
  numberOf(env, name, otherwise, /^(0|[1-9]\d*)$/, 'a whole number');

function numberOf(env: Variables, name: string, otherwise: number, form: RegExp, described: string): number {
  const value = env[name];
  if (value === undefined || value === '') return otherwise;
  if (!form.test(value)) throw new Error(`environment variable ${name} must be ${described}, is "${value}"`);
  return Number(value);
}

/** The variables that name the tables and their index, for CDK and for the handlers. */
export const VARIABLES = {
  jobsTable: 'JOBS_TABLE_NAME',
  tasksTable: 'TASKS_TABLE_NAME',
  segmentsTable: 'SEGMENTS_TABLE_NAME',
  shards: 'DUE_SHARDS',
  stack: 'STACK_NAME',
} as const;

export interface TableVariables {
  readonly tables: TableNames;
  readonly shards: number;
}

/** The stack that metrics are said to be of. */
export const readStack = (env: Variables): string => env[VARIABLES.stack] || 'none';

/** @throws Error that names the variable that is missing or wrong */
export const readTableVariables = (env: Variables): TableVariables => ({
  tables: {
    jobs: required(env, VARIABLES.jobsTable),
    tasks: required(env, VARIABLES.tasksTable),
    segments: required(env, VARIABLES.segmentsTable),
  },
  shards: positive(env, VARIABLES.shards, DEFAULT_DUE_SHARDS),
});
