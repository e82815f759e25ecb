import type { TableNames } from '../copy-segment/tables.ts';

/** What the deployment tells the function: the names of its environment variables, for CDK and for the handler. */
export const ENVIRONMENT = {
  jobs: 'JOBS_TABLE_NAME',
  tasks: 'TASKS_TABLE_NAME',
  segments: 'SEGMENTS_TABLE_NAME',
} as const satisfies Record<keyof TableNames, string>;

/** @throws Error that names the variable that is missing */
export function readTableNames(env: Readonly<Record<string, string | undefined>>): TableNames {
  const required = (name: string): string => {
    const value = env[name];
    if (value) return value;
    throw new Error(
      `environment variable ${name} is not set; the stack sets it when it deploys the function`,
    );
  };
  return {
    jobs: required(ENVIRONMENT.jobs),
    tasks: required(ENVIRONMENT.tasks),
    segments: required(ENVIRONMENT.segments),
  };
}
