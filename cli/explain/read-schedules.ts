import type { Connection } from '../connection/connection.ts';
import type { QueueFacts, ScheduleFacts } from './facts.ts';
import { readSchedule } from './read-schedule.ts';

/** The schedules of both functions. */
export async function readSchedules({
  aws,
  inspector,
  checker,
  alarmNamePrefix,
}: Pick<Connection, 'aws' | 'inspector' | 'checker' | 'alarmNamePrefix'>): Promise<
  Readonly<Record<'inspector' | 'checker', ScheduleFacts>>
> {
  const isStackWithoutChecker = alarmNamePrefix !== undefined && checker.scheduleName === undefined;
  const [ofInspector, ofChecker] = await Promise.all([
    readSchedule(aws, inspector.scheduleName),
    isStackWithoutChecker ? ({ kind: 'notDeployed' } as const) : readSchedule(aws, checker.scheduleName),
  ]);
  return { inspector: ofInspector, checker: ofChecker };
}

/** What of the queue and the schedules was refused, and why. */
export function refusedParts(
  queue: QueueFacts,
  schedules: Readonly<Record<'inspector' | 'checker', ScheduleFacts>>,
): string[] {
  return [
    ...(queue.kind === 'unread' ? [`the queue (${queue.reason})`] : []),
    ...(queue.kind === 'read' && queue.deadLettersUnread !== undefined
      ? [`the dead letters (${queue.deadLettersUnread})`]
      : []),
    ...Object.entries(schedules).flatMap(([of, schedule]) =>
      schedule.kind === 'unread' ? [`the schedule of the ${of} (${schedule.reason})`] : [],
    ),
  ];
}
