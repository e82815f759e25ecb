import { truncate } from '../../functions/copy-segment/truncate.ts';
import { timeText } from '../operate/time-text.ts';

/** EventBridge Scheduler takes 512 characters for a description. */
const MAX_REASON_LENGTH = 200;
const MAX_NAME_LENGTH = 64;
const MAX_DESCRIPTION_LENGTH = 512;

/** What the schedule is for stands behind it while it is paused. */
const SEPARATOR = ' | ';

/** The description of a schedule that is paused: who, when and why, for whoever looks at it, here or in the console. */
export function pausedDescription(
  { who, reason, now }: { readonly who: string; readonly reason: string; readonly now: number },
  description = '',
): string {
  const note = `paused by ${oneLine(who, MAX_NAME_LENGTH)} at ${timeText(now)}: ${oneLine(reason, MAX_REASON_LENGTH)}`;
  return truncate(description === '' ? note : `${note}${SEPARATOR}${description}`, MAX_DESCRIPTION_LENGTH);
}

/** The description that the schedule had before, and has again. */
export function resumedDescription(description = ''): string {
  if (!description.startsWith('paused by ')) return description;
  const end = description.indexOf(SEPARATOR);
  return end < 0 ? '' : description.slice(end + SEPARATOR.length);
}

/** Who paused it, when and why; whatever else somebody wrote, if it was not this program. */
export const pauseNote = (description: string): string =>
  description.startsWith('paused by ') ? (description.split(SEPARATOR)[0] as string) : description;

const oneLine = (text: string, length: number): string =>
  truncate(text.replace(/\s+/g, ' ').replaceAll('|', '/'), length);
