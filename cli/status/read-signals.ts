import { describeError } from '../../functions/copy-segment/describe-error.ts';
import type { Connection } from '../connection/connection.ts';
import { hasService } from '../connection/has-service.ts';
import type { ScheduleFacts } from '../explain/facts.ts';
import { depthOf } from '../explain/read-queue.ts';
import { readAlarms } from './read-alarms.ts';
import { CHECK_MESSAGES, PASS_MESSAGES, readLastPass } from './read-last-pass.ts';
import { readTraffic } from './read-traffic.ts';
import type { Signals } from './status.ts';

export interface SignalsRead {
  readonly signals: Signals;
  readonly notRead: readonly string[];
}

interface Asking {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly signal: AbortSignal;
  /** How often passes are made. */
  readonly schedules: Promise<Readonly<Record<'inspector' | 'checker', ScheduleFacts>>>;
}

/** What only AWS knows: an emulator of tables has no metrics, no alarms and no log. What cannot be read is said. */
export async function readSignals(connection: Connection, asking: Asking): Promise<SignalsRead> {
  const { sqs, queueUrl, alarmNamePrefix, inspector, checker } = connection;
  const { signal } = asking;
  const notRead: string[] = [];
  const attempt = async <T>(
    what: string,
    name: string | undefined,
    { otherwise, read }: { readonly otherwise: string; read(name: string): Promise<T> },
  ): Promise<T | undefined> => {
    if (name === undefined) {
      notRead.push(`${what} (${otherwise})`);
      return undefined;
    }
    try {
      return await read(name);
    } catch (error) {
      if (signal.aborted) throw error;
      notRead.push(`${what} (${describeError(error)})`);
      return undefined;
    }
  };
  const ofCloudWatch = <T>(
    what: string,
    name: string | undefined,
    flag: string,
    read: (name: string) => Promise<T>,
  ) => {
    const isThere = hasService(connection, 'CLOUDWATCH');
    return attempt(what, isThere ? name : undefined, {
      otherwise: isThere ? `no ${flag}` : 'no CloudWatch here',
      read,
    });
  };
  const lastOf = async (of: 'inspector' | 'checker') => {
    const isThere = hasService(connection, 'CLOUDWATCH_LOGS');
    const { what, messages, flag } = LOGS[of];
    // A stack may do without the checker.
    if (of === 'checker' && checker.logGroupName === undefined) return undefined;
    return attempt(what, isThere ? connection[of].logGroupName : undefined, {
      otherwise: isThere ? `no ${flag}` : 'no log here',
      read: async (name) =>
        readLastPass(connection, name, messages, { ...asking, schedule: (await asking.schedules)[of] }),
    });
  };
  const failedOf = async (what: string, url: string | undefined) =>
    url === undefined ? undefined : attempt(what, url, { otherwise: '', read: (name) => depthOf(sqs, name) });

  const [traffic, alarms, lastPass, lastCheck, failedPasses, failedChecks] = await Promise.all([
    ofCloudWatch('traffic of the queue', queueUrl?.split('/').at(-1), '--queue-url', (queue) =>
      readTraffic(connection, queue, asking),
    ),
    ofCloudWatch('alarms', alarmNamePrefix, '--stack', (prefix) => readAlarms(connection, prefix, signal)),
    lastOf('inspector'),
    lastOf('checker'),
    failedOf('failed passes', inspector.failedUrl),
    failedOf('failed checks', checker.failedUrl),
  ]);
  return { signals: { ...traffic, alarms, lastPass, lastCheck, failedPasses, failedChecks }, notRead };
}

const LOGS = {
  inspector: { what: 'the last pass', messages: PASS_MESSAGES, flag: '--log-group' },
  checker: { what: 'the last check', messages: CHECK_MESSAGES, flag: '--checker-log-group' },
} as const;
