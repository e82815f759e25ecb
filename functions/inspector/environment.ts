import {
  positive,
  readTableVariables,
  required,
  type TableVariables,
  VARIABLES,
  type Variables,
  whole,
} from '../pass/variables.ts';
import { DEFAULT_MAX_DROPS } from './drop-guard.ts';

/** What the deployment tells the function: the names of its environment variables, for CDK and for the handler. */
export const ENVIRONMENT = {
  ...VARIABLES,
  queueUrl: 'SCHEDULER_QUEUE_URL',
  inspectSeconds: 'INSPECT_SECONDS',
  maxDrops: 'MAX_DROPS',
} as const;

export interface Environment extends TableVariables {
  readonly queueUrl: string;
  /** How long an inspection may take, in milliseconds: no longer than the schedule's interval. */
  readonly inspectMs: number;
  /** How many segments a pass may drop unless its event says otherwise. */
  readonly maxDrops: number;
}

/** @throws Error that names the variable that is missing or wrong */
export function readEnvironment(env: Variables): Environment {
  return {
    ...readTableVariables(env),
    queueUrl: required(env, ENVIRONMENT.queueUrl),
    inspectMs: positive(env, ENVIRONMENT.inspectSeconds, Number.POSITIVE_INFINITY) * 1_000,
    maxDrops: whole(env, ENVIRONMENT.maxDrops, DEFAULT_MAX_DROPS),
  };
}
