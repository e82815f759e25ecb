import * as v from 'valibot';
import { commonFields, parseEvent } from '../pass/event.ts';
import type { EndedTasks } from './react.ts';

/**
 * `check` looks at the jobs that are due; `recover` walks all jobs and marks those that no check would find; `react`
 * looks at jobs of which a stream says that tasks ended.
 */
export type CheckMode = 'check' | 'recover' | 'react';

/** What an invocation asks for, after its event was accepted. */
export interface CheckRequest {
  readonly mode: CheckMode;
  /** Only these jobs; undefined: all. */
  readonly jobIds?: ReadonlySet<bigint>;
  /** With mode `react`, which no event asks for: where to look. */
  readonly ended?: EndedTasks;
  readonly dryRun: boolean;
}

const fields = {
  ...commonFields,
  mode: v.optional(v.picklist(['check', 'recover'], 'must be "check" or "recover"'), 'check'),
};

/**
 * Accepts the event of an invocation, the schedule's input or an operator's payload.
 *
 * @param input `{ mode?, jobIds?, dryRun? }`, ids as decimal strings; none at all means check
 * @throws InvalidEventError that names each field that is refused, and why
 */
export function parseCheckEvent(input: unknown): CheckRequest {
  const { mode, jobIds, dryRun } = parseEvent(fields, input);
  return { mode, dryRun, ...(jobIds && { jobIds: new Set(jobIds) }) };
}
