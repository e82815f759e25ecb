import type { Connection } from '../connection/connection.ts';
import { readQueue } from '../explain/read-queue.ts';
import { readSchedule } from '../explain/read-schedule.ts';
import { readJobs } from './read-jobs.ts';
import { readSignals } from './read-signals.ts';
import type { Status } from './status.ts';

/** Reads how a deployment does, everything at once. */
export async function readStatus(
  connection: Connection,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<Status> {
  const { sqs, aws, inspector, checker, queueUrl } = connection;
  const [queue, inspectorSchedule, checkerSchedule, { signals, notRead }, read] = await Promise.all([
    readQueue(sqs, queueUrl),
    readSchedule(aws, inspector.scheduleName),
    readSchedule(aws, checker.scheduleName),
    readSignals(connection, now),
    readJobs(connection, { now, signal }),
  ]);
  const { nodesOmitted, ...jobs } = read;
  return {
    at: now,
    environment: {
      queue,
      inspectorSchedule,
      checkerSchedule,
      writes: { kind: 'unasked' },
      hasInspector: inspector.functionName !== undefined,
      hasChecker: checker.functionName !== undefined,
    },
    ...jobs,
    signals,
    notRead: [
      ...(inspectorSchedule.kind === 'unnamed' ? ['schedules (no --schedule)'] : []),
      ...(queue.kind === 'unnamed' ? ['the queue (no --queue-url)'] : []),
      ...notRead,
      ...(nodesOmitted > 0 ? [`the holders of ${nodesOmitted} more leases`] : []),
    ],
  };
}
