import type { PassReport } from '../functions/inspector/report/pass-report.ts';

/** US dollars per million, us-east-1, on demand, without a free tier: list prices since November 2024. */
const READ_UNITS = 0.125;
const WRITE_UNITS = 0.625;
const SQS_REQUESTS = 0.4;

/** What DynamoDB and SQS charge for a pass, in US dollars. */
export function priceOf({ capacity, requests }: Pick<PassReport, 'capacity' | 'requests'>): number {
  const { readUnits, writeUnits } = capacity;
  const sends = requests.byOperation.SendMessageBatch ?? 0;
  return (readUnits * READ_UNITS + writeUnits * WRITE_UNITS + sends * SQS_REQUESTS) / 1_000_000;
}
