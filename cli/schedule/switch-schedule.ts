import type { GetScheduleCommandOutput, SchedulerClient } from '@aws-sdk/client-scheduler';

/** What is changed of a schedule. */
export interface Switch {
  readonly State: 'ENABLED' | 'DISABLED';
  readonly Description: string;
}

/** A schedule before and after. */
export interface Switched {
  readonly name: string;
  readonly wasOn: boolean;
  /** As it was. */
  readonly description: string;
  /** Undefined: it is so already, and nothing was changed. */
  readonly after?: Switch;
}

/**
 * Switches a schedule on or off. An update replaces a schedule whole, so everything else is sent as it was read: that
 * takes `iam:PassRole` for the role of the schedule.
 *
 * @param to what to change, from what it was; undefined: nothing
 */
export async function switchSchedule(
  client: Pick<SchedulerClient, 'send'>,
  Name: string,
  to: (found: { readonly isOn: boolean; readonly description: string }) => Switch | undefined,
): Promise<Switched> {
  const { GetScheduleCommand, UpdateScheduleCommand } = await import('@aws-sdk/client-scheduler');
  const found = await client.send(new GetScheduleCommand({ Name }));
  const before = { isOn: found.State !== 'DISABLED', description: found.Description ?? '' };
  const after = to(before);
  if (after) await client.send(new UpdateScheduleCommand({ ...settingsOf(found, Name), ...after }));
  return { name: Name, wasOn: before.isOn, description: before.description, ...(after && { after }) };
}

/** What an update takes of what is read. */
const settingsOf = (
  {
    Arn: _,
    CreationDate: _created,
    LastModificationDate: _modified,
    $metadata: _metadata,
    FlexibleTimeWindow = { Mode: 'OFF' },
    ScheduleExpression,
    Target,
    ...settings
  }: GetScheduleCommandOutput,
  Name: string,
) => ({ ...settings, Name, FlexibleTimeWindow, ScheduleExpression, Target });
