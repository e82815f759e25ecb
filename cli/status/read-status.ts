import type { Connection } from '../connection/connection.ts';
import { readQueue } from '../explain/read-queue.ts';
import { readSchedules, refusedParts } from '../explain/read-schedules.ts';
import { readJobs } from './read-jobs.ts';
import { readSignals } from './read-signals.ts';
import type { Status } from './status.ts';

/** Reads how a deployment does, everything at once. */
export async function readStatus(
  connection: Connection,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<Status> {
  const { sqs, inspector, checker, queueUrl } = connection;
  const reading = readSchedules(connection);
  const [queue, schedules, { signals, notRead }, read] = await Promise.all([
    readQueue(sqs, queueUrl),
    reading,
    readSignals(connection, { now, signal, schedules: reading }),
    readJobs(connection, { now, signal }),
  ]);
  const { notRead: jobsNotRead, ...jobs } = read;
  return {
    at: now,
    environment: {
      queue,
      inspectorSchedule: schedules.inspector,
      checkerSchedule: schedules.checker,
      writes: { kind: 'unasked' },
      hasInspector: inspector.functionName !== undefined,
      hasChecker: checker.functionName !== undefined,
    },
    ...jobs,
    signals,
    notRead: [
      ...(schedules.inspector.kind === 'unnamed' ? ['schedules (no --schedule)'] : []),
      ...(queue.kind === 'unnamed' ? ['the queue (no --queue-url)'] : []),
      ...refusedParts(queue, schedules),
      ...notRead,
      ...jobsNotRead,
    ],
  };
}
