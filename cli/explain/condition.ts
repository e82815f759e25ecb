/** How bad it is: nothing to do, in good progress, late but a pass would mend it, or nobody will without help. */
export const LEVELS = ['fine', 'waiting', 'late', 'stuck'] as const;
export type Level = (typeof LEVELS)[number];

export const isWorse = (a: Level, b: Level): boolean => LEVELS.indexOf(a) > LEVELS.indexOf(b);

/** Why a task or a job is where it is, in a word of the runbook. */
export interface Condition<K extends string> {
  readonly kind: K;
  readonly level: Level;
  readonly because: string;
}

/** An item that is due for less than this, in milliseconds, waits for the next pass, and nothing is wrong. */
export const GRACE_MS = 3 * 60_000;
