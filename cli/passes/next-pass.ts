import type { Connection } from '../connection/connection.ts';
import { readSchedule } from '../explain/read-schedule.ts';
import { pauseWarning } from '../schedule/pause-warning.ts';
import { countOf } from '../terminal/count-of.ts';

const PASS = { inspector: 'inspection', checker: 'check' } as const;

/** Who makes the next pass, and when; in a sentence, which does not claim more than the schedule says. */
export async function nextPass(
  connection: Pick<Connection, 'aws' | 'inspector' | 'checker'>,
  whose: 'inspector' | 'checker',
): Promise<string> {
  const schedule = await readSchedule(connection.aws, connection[whose].scheduleName);
  switch (schedule.kind) {
    case 'unnamed':
    case 'notDeployed':
    case 'unread':
      return `When the next ${PASS[whose]} is made is not known: its schedule was not read.`;
    case 'missing':
      return `The schedule ${schedule.name} does not exist: deploy the stack again, or no ${PASS[whose]} is made.`;
    case 'read':
      return schedule.isOn
        ? `The schedule makes the next ${PASS[whose]} ${rateText(schedule.rate)}.`
        : ((await pauseWarning(connection, [whose]))?.replace('But the', 'The') ?? '');
  }
}

/** `rate(5 minutes)` → "within 5 minutes". */
function rateText(rate: string): string {
  const [, count, unit = ''] = /^rate\((\d+) ([a-z]+?)s?\)$/.exec(rate) ?? [];
  if (count === undefined) return `by ${rate}`;
  return `within ${count === '1' ? `a ${unit}` : countOf(Number(count), unit)}`;
}
