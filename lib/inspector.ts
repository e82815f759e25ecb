import type { Construct } from 'constructs';
import { ENVIRONMENT } from '../functions/inspector/environment.ts';
import type { MetadataTables } from './metadata-tables.ts';
import { PASS_TIMEOUT, ScheduledPass } from './scheduled-pass.ts';
import type { SchedulerQueue } from './scheduler-queue.ts';

export interface InspectorProps {
  readonly tables: MetadataTables;
  readonly queue: SchedulerQueue;
  readonly scheduleMinutes: number;
  readonly shards: number;
  readonly memoryMiB: number;
  readonly disposable: boolean;
}

/** The function that makes one inspection pass, on its schedule. */
export class Inspector extends ScheduledPass {
  constructor(scope: Construct, id: string, { tables, queue, shards, ...props }: InspectorProps) {
    super(scope, id, {
      ...props,
      room: 'inspector',
      environment: {
        ...tables.variables(shards),
        [ENVIRONMENT.queueUrl]: queue.queue.queueUrl,
        [ENVIRONMENT.inspectSeconds]: String(Math.min(props.scheduleMinutes * 60, PASS_TIMEOUT.toSeconds())),
      },
      event: { mode: 'inspect' },
      description: 'One inspection pass of the copy-segment inspector',
      grant(role) {
        tables.grantInspection(role);
        queue.grantSend(role);
      },
    });
  }
}
