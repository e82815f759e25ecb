import type { Deployment } from './bundles/synthesise.ts';
import type { Measurement } from './measure.ts';
import { PRICES } from './prices.ts';
import { WARM_PASSES } from './workload.ts';

/** A line of the bill of a month in which nothing happens, in US dollars. */
export interface MonthItem {
  readonly what: string;
  readonly amount: string;
  readonly dollars: number;
}

/** AWS' month of 730 hours, a pass and a check a minute. */
export const TICKS = 730 * 60;

/** What the logger adds to a report: level, message, time, service. Lambda logs nothing about an invocation that went well. */
const LOG_ENVELOPE_BYTES = 140;
/** What CloudWatch adds to each event when it counts; an idle invocation logs one. */
const EVENT_BYTES = 26;

/** Long polls by the pollers that Lambda keeps at an idle queue: five, of 20 seconds each. */
const POLLS = (730 * 3_600 * 5) / 20;

const GB = 10 ** 9;

/** @param passes idle passes as Lambda would make them: warm, at a few milliseconds per request */
export function monthOf(
  passes: readonly Measurement[],
  { functions, count, alarmMetrics, polledQueues }: Deployment,
): MonthItem[] {
  const sum = (value: (pass: Measurement) => number): number =>
    passes.reduce((total, pass) => total + value(pass), 0);
  const readUnits = sum((pass) => pass.readUnits / WARM_PASSES) * TICKS;
  const invocations = passes.length * TICKS;
  const memoryGb = (functions.find(({ name }) => name === 'inspector')?.memoryMiB ?? 0) / 1_024;
  const gbSeconds = sum(({ wallMs }) => (Math.ceil(wallMs) / 1_000) * memoryGb) * TICKS;
  const logGb = (sum(({ logBytes = 0 }) => logBytes + LOG_ENVELOPE_BYTES + EVENT_BYTES) * TICKS) / GB;
  const alarms = count('AWS::CloudWatch::Alarm');
  const dashboards = count('AWS::CloudWatch::Dashboard');
  const million = (units: number, price: number): number => (units * price) / 1_000_000;
  return [
    {
      what: 'DynamoDB, reads',
      amount: `${thousands(readUnits)} units`,
      dollars: million(readUnits, PRICES.readUnits),
    },
    {
      what: 'EventBridge Scheduler',
      amount: `${thousands(invocations)} invocations`,
      dollars: million(invocations, PRICES.schedulerInvocations),
    },
    {
      what: 'Lambda, requests',
      amount: `${thousands(invocations)} requests`,
      dollars: million(invocations, PRICES.lambdaRequests),
    },
    {
      what: 'Lambda, time',
      amount: `${thousands(gbSeconds)} GB-seconds`,
      dollars: gbSeconds * PRICES.lambdaGbSeconds,
    },
    {
      what: 'CloudWatch, logs',
      amount: `${(logGb * 1_000).toFixed(0)} MB, kept for a month`,
      dollars: logGb * (PRICES.logsIngestedGb + PRICES.logsStoredGbMonth),
    },
    {
      what: 'CloudWatch, alarms',
      amount: `${alarms} on ${alarmMetrics} metrics`,
      dollars: alarmMetrics * PRICES.alarmMetrics,
    },
    { what: 'CloudWatch, dashboard', amount: `${dashboards}`, dollars: dashboards * PRICES.dashboards },
    {
      what: 'SQS, polling',
      amount: polledQueues === 0 ? 'nothing polls' : `${thousands(polledQueues * POLLS)} requests`,
      dollars: million(polledQueues * POLLS, PRICES.sqsRequests),
    },
  ];
}

const thousands = (count: number): string => Math.round(count).toLocaleString('en');
