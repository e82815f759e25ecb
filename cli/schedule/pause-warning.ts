import type { Connection } from '../connection/connection.ts';
import { readSchedule } from '../explain/read-schedule.ts';

/**
 * Whoever is told what the next pass does should know if there is none: a schedule that is off, and who paused it.
 * A schedule that is not named, or may not be read, is no reason to say anything.
 */
export async function pauseWarning(
  { aws, inspector, checker }: Pick<Connection, 'aws' | 'inspector' | 'checker'>,
  whose: readonly ('inspector' | 'checker')[] = ['inspector'],
): Promise<string | undefined> {
  for (const of of whose) {
    const schedule = await readSchedule(aws, { inspector, checker }[of].scheduleName);
    if (schedule.kind !== 'read' || schedule.isOn) continue;
    const note = schedule.description ? ` (${schedule.description})` : '';
    return `But the schedule of the ${of} is off${note}: nothing happens until copy-segment resume.`;
  }
  return undefined;
}
