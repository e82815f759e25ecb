/** List prices of us-east-1 in US dollars, on demand, without a free tier. */
export const PRICES = {
  /** When they were looked up. */
  asOf: '2026-11-22',
  /** Per million request units; since November 2024. */
  readUnits: 0.125,
  writeUnits: 0.625,
  /** Per GB-month of a table in its standard class, and of its continuous backups. */
  storageGbMonth: 0.25,
  pointInTimeRecoveryGbMonth: 0.2,
  /** Per million requests of a standard queue. */
  sqsRequests: 0.4,
  /** Per million. */
  lambdaRequests: 0.2,
  /** Per GB-second, arm64. */
  lambdaGbSeconds: 0.000_013_333_4,
  /** Per million invocations of EventBridge Scheduler. */
  schedulerInvocations: 1,
  /** Per GB of CloudWatch logs that is taken in, and per GB-month that is kept. */
  logsIngestedGb: 0.5,
  logsStoredGbMonth: 0.03,
  /** Per metric that a standard alarm watches, a month. */
  alarmMetrics: 0.1,
  /** A dashboard, a month. */
  dashboards: 3,
} as const;

/** What DynamoDB and SQS charge for it. */
export const priceOf = ({
  readUnits,
  writeUnits,
  requests,
}: {
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly requests: Readonly<Record<string, number>>;
}): number => {
  const sends = (requests.SendMessage ?? 0) + (requests.SendMessageBatch ?? 0);
  const micros = readUnits * PRICES.readUnits + writeUnits * PRICES.writeUnits + sends * PRICES.sqsRequests;
  return micros / 1_000_000;
};
