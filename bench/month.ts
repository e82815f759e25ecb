import type { Deployment } from './bundles/synthesise.ts';
import { NOW, segmentRow, taskRow } from './data/rows.ts';
import { storedBytes } from './data/stored-bytes.ts';
import type { Measurement } from './measure.ts';
import { PRICES } from './prices.ts';
import { WARM_PASSES } from './workload.ts';

/** A line of the bill of a month in which nothing happens, in US dollars. */
export interface MonthItem {
  readonly what: string;
  readonly amount: string;
  readonly dollars: number;
  /** Alarms and dashboard: what watches rather than works. */
  readonly isWatching?: boolean;
  /** Not of the stack itself: what is in its tables. */
  readonly isExtra?: boolean;
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
export function monthOf(passes: readonly Measurement[], deployment: Deployment): MonthItem[] {
  const { count, alarmMetrics, polledQueues } = deployment;
  return [
    ...passes.flatMap((pass) => functionItems(pass, deployment)),
    {
      what: 'CloudWatch, alarms',
      amount: `${count('AWS::CloudWatch::Alarm')} on ${alarmMetrics} metrics`,
      dollars: alarmMetrics * PRICES.alarmMetrics,
      isWatching: true,
    },
    {
      what: 'CloudWatch, dashboard',
      amount: `${count('AWS::CloudWatch::Dashboard')}`,
      dollars: count('AWS::CloudWatch::Dashboard') * PRICES.dashboards,
      isWatching: true,
    },
    {
      what: 'SQS, polling',
      amount: polledQueues === 0 ? 'nothing polls' : `${thousands(polledQueues * POLLS)} requests`,
      dollars: million(polledQueues * POLLS, PRICES.sqsRequests),
    },
    ...historyItems(),
  ];
}

/** What a function costs that is invoked every minute. */
function functionItems(pass: Measurement, { functions }: Deployment): MonthItem[] {
  const name = pass.workload.includes('check') ? 'checker' : 'inspector';
  const memoryGb = (functions.find((one) => one.name === name)?.memoryMiB ?? 0) / 1_024;
  const readUnits = (pass.readUnits / WARM_PASSES) * TICKS;
  const gbSeconds = (Math.ceil(pass.wallMs) / 1_000) * memoryGb * TICKS;
  const logGb = (((pass.logBytes ?? 0) + LOG_ENVELOPE_BYTES + EVENT_BYTES) * TICKS) / GB;
  return [
    {
      what: `${name}: DynamoDB, reads`,
      amount: `${thousands(readUnits)} units`,
      dollars: million(readUnits, PRICES.readUnits),
    },
    {
      what: `${name}: EventBridge Scheduler`,
      amount: `${thousands(TICKS)} invocations`,
      dollars: million(TICKS, PRICES.schedulerInvocations),
    },
    {
      what: `${name}: Lambda, requests`,
      amount: `${thousands(TICKS)} requests`,
      dollars: million(TICKS, PRICES.lambdaRequests),
    },
    {
      what: `${name}: Lambda, time`,
      amount: `${thousands(gbSeconds)} GB-seconds`,
      dollars: gbSeconds * PRICES.lambdaGbSeconds,
    },
    {
      what: `${name}: CloudWatch, logs`,
      amount: `${(logGb * 1_000).toFixed(0)} MB, kept for a month`,
      dollars: logGb * (PRICES.logsIngestedGb + PRICES.logsStoredGbMonth),
    },
  ];
}

const MILLION = 1_000_000;

/** What a history costs: it is there whether or not anything happens. */
function historyItems(): MonthItem[] {
  const state = { state: 'Completed', taskVersion: 1, enqueueCount: 1, completedAt: NOW };
  const task = storedBytes(taskRow(0, 0, { mappings: SEGMENTS_PER_TASK, form: 'compact' }, state).item);
  const segment = storedBytes(segmentRow(0, 0).item);
  return [
    history('a million finished tasks of 98 compact mappings', task * MILLION),
    history('their 98 million segments', segment * SEGMENTS_PER_TASK * MILLION),
  ];
}

const SEGMENTS_PER_TASK = 98;

const history = (what: string, bytes: number): MonthItem => ({
  what: `beside it, ${what}: storage, point-in-time recovery`,
  amount: `${(bytes / GB).toFixed(1)} GB`,
  dollars: (bytes / GB) * (PRICES.storageGbMonth + PRICES.pointInTimeRecoveryGbMonth),
  isExtra: true,
});

const million = (units: number, price: number): number => (units * price) / MILLION;

const thousands = (count: number): string => Math.round(count).toLocaleString('en');
