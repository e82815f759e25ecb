/**
 * What the functions tell CloudWatch, named here alone: the functions emit these metrics, alarms and dashboard read them.
 * Each is emitted only when there is something to say. CloudWatch charges a metric for the hours in which it was sent, so
 * that a month without a restore costs nothing.
 */
export const NAMESPACE = 'CopySegment';

export const SERVICES = {
  inspector: 'copy-segment-inspector',
  checker: 'copy-segment-checker',
} as const;
export type Service = keyof typeof SERVICES;

export const METRICS = {
  /** How long the most overdue item had been due when the pass began. */
  oldestDue: { name: 'OldestDueSeconds', unit: 'Seconds' },
  /** Problems in the report, by kind. */
  problems: { name: 'Problems', unit: 'Count' },
  /** Passes whose time ran short. */
  cutShort: { name: 'CutShort', unit: 'Count' },
  /** Messages sent and marked. */
  enqueued: { name: 'Enqueued', unit: 'Count' },
  /** Segments dropped. */
  dropped: { name: 'Dropped', unit: 'Count' },
  /** Segments that could not be dropped. */
  dropsFailed: { name: 'DropsFailed', unit: 'Count' },
  /** Tasks and jobs of which the pass was not allowed to drop every target. */
  withheld: { name: 'Withheld', unit: 'Count' },
  /** How long ago the job failed that is unsettled for longest, of those that the pass could not settle. */
  unsettled: { name: 'UnsettledSeconds', unit: 'Seconds' },
  /** How long ago the oldest job was created, of those that the check looked at and left running. */
  oldestRunning: { name: 'OldestRunningSeconds', unit: 'Seconds' },
  /** Segments made visible. */
  published: { name: 'Published', unit: 'Count' },
} as const satisfies Record<string, { readonly name: string; readonly unit: 'Count' | 'Seconds' }>;
export type MetricKind = keyof typeof METRICS;

/** One value of a metric; `kind`: of a problem. */
export interface Signal {
  readonly metric: MetricKind;
  readonly value: number;
  readonly kind?: string;
}

/** What tells the metrics of one function in one stack from others. */
export const dimensionsOf = (service: Service, stack: string): Record<string, string> => ({
  service: SERVICES[service],
  stack,
});

/** Seconds, rounded, or nothing to say. */
export const seconds = (metric: MetricKind, ms: number): Signal[] =>
  ms > 0 ? [{ metric, value: Math.round(ms / 1_000) }] : [];

export const count = (metric: MetricKind, value: number): Signal[] => (value > 0 ? [{ metric, value }] : []);

export const problemCounts = (byKind: Readonly<Record<string, number>>): Signal[] =>
  Object.entries(byKind).map(([kind, value]) => ({ metric: 'problems', value, kind }));
