import cliTruncate from 'cli-truncate';
import type { LoggedChange } from './read-changes.ts';

const WHAT_WIDTH = 10;

/** One change in a line: when, what, which, from which state to which, why. */
export function changeLine(
  { timestamp, what, table, jobId, taskId, segmentId, before, after, because, who }: LoggedChange,
  width: number,
): string {
  const key = segmentId === undefined ? [jobId, taskId].filter(Boolean).join('/') : `segment ${segmentId}`;
  const states = [before.state, after.state].filter((state) => state !== undefined).join(' → ');
  const line = [
    timestamp.replace(/\.\d+Z$/, 'Z'),
    what.padEnd(WHAT_WIDTH),
    key === '' ? table : key,
    ...(states === '' ? [] : [states]),
    who === undefined || because.includes(`by ${who}`) ? because : `by ${who}: ${because}`,
  ].join('  ');
  return Number.isFinite(width) ? cliTruncate(line, width) : line;
}
