const MS_PER_UNIT = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** The interval of a schedule such as `rate(5 minutes)`, in milliseconds; undefined for any other. */
export function rateMs(expression: string): number | undefined {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  return count === undefined ? undefined : Number(count) * MS_PER_UNIT[unit as keyof typeof MS_PER_UNIT];
}
