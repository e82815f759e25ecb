import type { Construct } from 'constructs';
import type { MetadataTables } from './metadata-tables.ts';
import { ScheduledPass } from './scheduled-pass.ts';

/** How soon a job that somebody has news of is looked at: the finest rate of EventBridge Scheduler. */
const SCHEDULE_MINUTES = 1;

export interface CheckerProps {
  readonly tables: MetadataTables;
  readonly shards: number;
  readonly memoryMiB: number;
  readonly disposable: boolean;
}

/** The function that makes one check of the jobs, every minute. */
export class Checker extends ScheduledPass {
  constructor(scope: Construct, id: string, { tables, shards, ...props }: CheckerProps) {
    super(scope, id, {
      ...props,
      room: 'checker',
      scheduleMinutes: SCHEDULE_MINUTES,
      environment: tables.variables(shards),
      event: { mode: 'check' },
      description: 'One check of copy-segment jobs',
      grant: (role) => tables.grantChecks(role),
    });
  }
}
