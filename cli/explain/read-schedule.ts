import { describeError } from '../../functions/copy-segment/describe-error.ts';
import type { LazyClients } from '../connection/connection.ts';
import { pauseNote } from '../schedule/pause-note.ts';
import type { ScheduleFacts } from './facts.ts';

/** The state of a schedule. */
export async function readSchedule(
  aws: Pick<LazyClients, 'scheduler'>,
  Name: string | undefined,
): Promise<ScheduleFacts> {
  if (Name === undefined) return { kind: 'unnamed' };
  try {
    const { GetScheduleCommand } = await import('@aws-sdk/client-scheduler');
    const found = await (await aws.scheduler()).send(new GetScheduleCommand({ Name }));
    return {
      kind: 'read',
      isOn: found.State !== 'DISABLED',
      rate: found.ScheduleExpression ?? 'unknown',
      ...(found.Description !== undefined && { description: pauseNote(found.Description) }),
      ...(found.LastModificationDate !== undefined && { changedAt: found.LastModificationDate.getTime() }),
    };
  } catch (error) {
    return error instanceof Error && error.name === 'ResourceNotFoundException'
      ? { kind: 'missing', name: Name }
      : { kind: 'unread', reason: describeError(error) };
  }
}
