import { ALARM_HEADINGS } from '../../functions/pass/alarm-headings.ts';
import type { Connection } from '../connection/connection.ts';
import type { AlarmOn, Alarms } from './status.ts';

/** The alarms of a stack, those that are on in the order to look at them. */
export async function readAlarms(
  { aws }: Pick<Connection, 'aws'>,
  prefix: string,
  signal: AbortSignal,
): Promise<Alarms> {
  const { DescribeAlarmsCommand } = await import('@aws-sdk/client-cloudwatch');
  const client = await aws.cloudWatch();
  const on: AlarmOn[] = [];
  let of = 0;
  let withoutData = 0;
  let NextToken: string | undefined;
  do {
    const page = await client.send(
      new DescribeAlarmsCommand({
        AlarmNamePrefix: prefix,
        // Unasked, CloudWatch leaves out those that an operator made of others.
        AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
        ...(NextToken && { NextToken }),
      }),
      { abortSignal: signal },
    );
    for (const alarm of [...(page.MetricAlarms ?? []), ...(page.CompositeAlarms ?? [])]) {
      of++;
      if (alarm.StateValue === 'INSUFFICIENT_DATA') withoutData++;
      if (alarm.StateValue !== 'ALARM') continue;
      const since = alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp;
      on.push({
        heading: (alarm.AlarmName ?? '').slice(prefix.length),
        ...(since !== undefined && { since: since.getTime() }),
      });
    }
    NextToken = page.NextToken;
  } while (NextToken);
  return { on: on.sort((a, b) => rankOf(a) - rankOf(b)), of, withoutData };
}

/** Those of somebody else come last. */
function rankOf({ heading }: AlarmOn): number {
  const rank = (ALARM_HEADINGS as readonly string[]).indexOf(heading);
  return rank < 0 ? ALARM_HEADINGS.length : rank;
}
