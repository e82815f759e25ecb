import type { Connection } from '../connection/connection.ts';
import type { ScheduleFacts } from '../explain/facts.ts';
import { rateMs } from '../schedule/rate-ms.ts';
import type { LastPass } from './status.ts';

const MINUTE_MS = 60_000;

/** A pass is made every minute, and a log takes a few to show it. */
const MIN_SPAN_MS = 15 * MINUTE_MS;

/** Most often the last pass is here; what is before it need not be searched then. */
const FIRST_SPAN_MS = 3 * MINUTE_MS;

/** What a function logs of its passes: how one ended, and one that did not. */
export interface PassMessages {
  readonly ended: string;
  readonly failed: string;
}

export const PASS_MESSAGES: PassMessages = { ended: 'inspection pass', failed: 'inspection pass failed' };
export const CHECK_MESSAGES: PassMessages = { ended: 'check', failed: 'check failed' };

interface Report {
  readonly message?: string;
  readonly mode?: string;
  readonly dryRun?: boolean;
  readonly complete?: boolean;
  readonly problems?: readonly unknown[];
  readonly problemsOmitted?: number;
}

/** The last pass of a function, from its log; a dry run is none. */
export async function readLastPass(
  { aws }: Pick<Connection, 'aws'>,
  logGroupName: string,
  messages: PassMessages,
  {
    now,
    signal,
    schedule,
  }: { readonly now: number; readonly signal: AbortSignal; readonly schedule: ScheduleFacts },
): Promise<LastPass> {
  const { FilterLogEventsCommand } = await import('@aws-sdk/client-cloudwatch-logs');
  const client = await aws.logs();
  const everyMs = schedule.kind === 'read' ? (rateMs(schedule.rate) ?? 0) : 0;
  const spanMs = Math.max(MIN_SPAN_MS, 2 * everyMs);
  const { ended, failed } = messages;

  const lastBetween = async (startTime: number, endTime?: number): Promise<LastPass | undefined> => {
    let last: Extract<LastPass, { at: number }> | undefined;
    let nextToken: string | undefined;
    do {
      const page = await client.send(
        new FilterLogEventsCommand({
          logGroupName,
          startTime,
          ...(endTime !== undefined && { endTime }),
          filterPattern: `{ ($.message = "${ended}") || ($.message = "${failed}") }`,
          ...(nextToken && { nextToken }),
        }),
        { abortSignal: signal },
      );
      for (const { timestamp = 0, message = '' } of page.events ?? []) {
        const report = reportOf(message);
        if (report === undefined || report.dryRun || (report.message !== ended && report.message !== failed))
          continue;
        if (last !== undefined && timestamp < last.at) continue;
        last = {
          kind: report.message === failed ? 'failed' : report.complete ? 'complete' : 'notComplete',
          at: timestamp,
          ...(report.mode !== undefined && { mode: report.mode }),
          problems: (report.problems?.length ?? 0) + (report.problemsOmitted ?? 0),
        };
      }
      nextToken = page.nextToken;
    } while (nextToken);
    return last;
  };

  return (
    (await lastBetween(now - FIRST_SPAN_MS)) ??
    (await lastBetween(now - spanMs, now - FIRST_SPAN_MS)) ?? { kind: 'none', withinMs: spanMs }
  );
}

/** Emulators filter less than CloudWatch does, and a log has lines of others. */
function reportOf(line: string): Report | undefined {
  try {
    return JSON.parse(line) as Report;
  } catch {
    return undefined;
  }
}
