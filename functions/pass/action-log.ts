import type { Change } from '../copy-segment/change.ts';
import { actionRecord } from './action-record.ts';

/** The message of every line. */
export const CHANGED = 'changed';

/** Writes one line per change that was made, never sampled: who changed what, when and why. */
export type ActionLog = (change: Change, end: 'done' | 'conditionFailed' | 'failed') => void;

/** What a line says besides the change. */
export interface LineHead {
  readonly service: string;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  /** Whoever made it by hand. */
  readonly who?: string;
}

export const actionLine = (head: LineHead, record: object): string =>
  JSON.stringify({ level: 'INFO', message: CHANGED, ...head, ...record });

/**
 * Past the Logger, which takes several times as long per line, and may be told to leave lines out. The changes of a
 * request are written together once all of them are known.
 *
 * @param service as the function's other lines name it
 */
export function createActionLog(
  service: string,
  passId: string,
  write: (lines: string) => void = (lines) => void process.stdout.write(lines),
): ActionLog {
  let lines = '';
  let timestamp = '';
  const flush = (): void => {
    write(lines);
    lines = '';
  };
  return (change, end) => {
    if (end !== 'done') return;
    if (lines === '') {
      queueMicrotask(flush);
      timestamp = new Date().toISOString();
    }
    lines += `${actionLine({ service, timestamp }, actionRecord(passId, change))}\n`;
  };
}
