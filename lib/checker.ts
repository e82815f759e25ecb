import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
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
  readonly logRetention: RetentionDays;
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
      alarms: {
        none: {
          heading: 'No checks',
          impact: 'Restores stay as they are: none is started, published or failed.',
        },
        failing: {
          heading: 'Checks fail',
          impact: 'Restores may stay as they are: checks end with an error, or achieve nothing.',
        },
      },
      grant: (role) => tables.grantChecks(role),
    });
  }
}
