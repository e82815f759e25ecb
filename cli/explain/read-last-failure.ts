import { describeError } from '../../functions/copy-segment/describe-error.ts';
import type { Connection } from '../connection/connection.ts';

/** A pass is made every minute, and a log takes a few to show it, in milliseconds. */
const LAST_PASS_MS = 15 * 60_000;

interface LoggedReport {
  readonly problems?: readonly {
    readonly key: { readonly jobId?: string; readonly taskId?: string };
    readonly kind: string;
    readonly reason: string;
  }[];
}

/**
 * What failed on a job in the last pass, as its report says; what the functions may do, only they know.
 *
 * @returns undefined if no log is named; `reason`: why it was not read
 */
export async function readLastFailure(
  { aws, inspector: { logGroupName } }: Pick<Connection, 'aws' | 'inspector'>,
  jobId: bigint,
  now: number,
): Promise<{ readonly text?: string; readonly reason?: string } | undefined> {
  if (logGroupName === undefined) return undefined;
  try {
    const { paginateFilterLogEvents } = await import('@aws-sdk/client-cloudwatch-logs');
    const pages = paginateFilterLogEvents(
      { client: await aws.logs() },
      { logGroupName, startTime: now - LAST_PASS_MS, filterPattern: '{ $.message = "inspection pass" }' },
    );
    let last: { readonly at: number; readonly message: string } | undefined;
    for await (const { events = [] } of pages)
      for (const { timestamp: at = 0, message = '{}' } of events)
        if (last === undefined || at >= last.at) last = { at, message };
    const { problems = [] } = JSON.parse(last?.message ?? '{}') as LoggedReport;
    const failure = problems.find(({ key, kind }) => kind === 'failed' && key.jobId === String(jobId));
    if (failure === undefined) return {};
    const { taskId } = failure.key;
    return {
      text: `${taskId === undefined ? `job ${jobId}` : `task ${jobId}/${taskId}`}: ${failure.reason}`,
    };
  } catch (error) {
    return { reason: describeError(error) };
  }
}
