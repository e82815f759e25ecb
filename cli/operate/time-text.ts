const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** A span of time in the largest unit that fits: "9 min". */
export function spanText(ms: number): string {
  const [unit, length] = UNITS.find(([, one]) => ms >= one) ?? (['s', 1_000] as const);
  return `${Math.floor(ms / length)} ${unit}`;
}

/** Whether the attribute is a point in time, in epoch milliseconds. */
export const isTime = (name: string): boolean => name.endsWith('At') && name !== 'expiresAt';

/** A point in time to the second, UTC; what no date can be made of stays a number. */
export function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString().replace(/\.\d+Z$/, 'Z');
}
