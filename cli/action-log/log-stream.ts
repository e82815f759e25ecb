import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { describeError } from '../../functions/copy-segment/describe-error.ts';

/** CloudWatch's limits on one `PutLogEvents`; an event counts with 26 bytes more than its text. */
const MAX_EVENTS = 10_000;
const MAX_BYTES = 1_048_576;
const BYTES_PER_EVENT = 26;

/** A command that dies takes with it what is not sent yet. */
const MAX_WAIT_MS = 2_000;

interface LogEvent {
  /** Epoch milliseconds. */
  readonly timestamp: number;
  readonly message: string;
}

/** A stream of a log group that lines are appended to. */
export interface LogStream {
  add(event: LogEvent): void;
  /** Resolves once every line was sent, or refused; never rejects. */
  end(): Promise<void>;
}

export interface LogStreamProps {
  readonly client: () => Promise<CloudWatchLogsClient>;
  readonly group: string;
  readonly name: string;
  /** Told of lines that the log did not take. */
  readonly onRefused: (lines: readonly string[], reason: string) => Promise<void>;
}

/**
 * Creates the stream with the first line, and sends lines in batches. A log that refused once is not asked again: a
 * recovery of a million items must not ask as often.
 */
export function createLogStream({ client, group, name, onRefused }: LogStreamProps): LogStream {
  const stream = { logGroupName: group, logStreamName: name };
  let batch: LogEvent[] = [];
  let bytes = 0;
  let sent: Promise<void> = Promise.resolve();
  let isCreated = false;
  let refusal: string | undefined;

  const flush = (): void => {
    const events = batch;
    batch = [];
    bytes = 0;
    if (events.length > 0) sent = sent.then(() => send(events));
  };

  async function send(events: readonly LogEvent[]): Promise<void> {
    const refused = refusal === undefined ? await put(events).catch(giveUp(events)) : events;
    if (refused.length > 0)
      await onRefused(
        refused.map(({ message }) => message),
        refusal ?? 'their time is not within what the log keeps: is the clock of this machine right?',
      );
  }

  /** @returns those that the log does not take for their time */
  async function put(events: readonly LogEvent[]): Promise<readonly LogEvent[]> {
    const { CreateLogStreamCommand, PutLogEventsCommand } = await import('@aws-sdk/client-cloudwatch-logs');
    const logs = await client();
    if (!isCreated) await logs.send(new CreateLogStreamCommand(stream));
    isCreated = true;
    // The clock of a machine may be set back meanwhile.
    const logEvents = events.toSorted((a, b) => a.timestamp - b.timestamp);
    const { rejectedLogEventsInfo: rejected } = await logs.send(
      new PutLogEventsCommand({ ...stream, logEvents }),
    );
    if (rejected === undefined) return [];
    const from = Math.max(rejected.tooOldLogEventEndIndex ?? 0, rejected.expiredLogEventEndIndex ?? 0);
    return [
      ...logEvents.slice(0, from),
      ...logEvents.slice(rejected.tooNewLogEventStartIndex ?? logEvents.length),
    ];
  }

  const giveUp =
    (events: readonly LogEvent[]) =>
    (error: unknown): readonly LogEvent[] => {
      refusal = describeError(error);
      return events;
    };

  return {
    add(event) {
      const size = Buffer.byteLength(event.message) + BYTES_PER_EVENT;
      const waited = event.timestamp - (batch[0]?.timestamp ?? event.timestamp);
      if (batch.length === MAX_EVENTS || bytes + size > MAX_BYTES || waited > MAX_WAIT_MS) flush();
      batch.push(event);
      bytes += size;
    },
    async end() {
      flush();
      await sent;
    },
  };
}
