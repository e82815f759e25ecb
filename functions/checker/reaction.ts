import type { RawId } from '../copy-segment/ids.ts';
import type { TaskState } from '../copy-segment/task.ts';
import type { ProblemKey } from '../pass/problems.ts';
import { reactionTime } from '../pass/reaction-time.ts';
import {
  type BatchResponse,
  readStreamRecords,
  responseTo,
  type StreamEvent,
} from '../pass/stream-records.ts';
import type { CheckRun } from './check-run.ts';
import type { Checker } from './checker.ts';
import type { CheckReport } from './report/check-report.ts';

/** What became of a batch of records. */
export interface Reaction {
  readonly report: CheckReport;
  /** Sequence numbers of the records that name no item. */
  readonly unreadable: readonly string[];
  /** What Lambda is told. */
  readonly response: BatchResponse;
}

const FAILED: TaskState = 'Failed';

/** Reacts to a batch of records of the stream of Tasks, of those that ended: all of a job's make one look. */
export async function reactTo(checker: Checker, event: StreamEvent, run: CheckRun = {}): Promise<Reaction> {
  const read = readStreamRecords(event);
  const failures: ProblemKey[] = [];
  const ended = new Map<RawId, { hasFailure: boolean }>();
  for (const { jobId, state } of read.records)
    ended.set(jobId, { hasFailure: state === FAILED || (ended.get(jobId)?.hasFailure ?? false) });
  const report = await checker(
    { mode: 'react', ended, dryRun: false },
    {
      ...run,
      remainingMs: reactionTime(run.remainingMs ?? (() => Number.POSITIVE_INFINITY)),
      onFailure: (key) => failures.push(key),
    },
  );
  return { report, unreadable: read.unreadable, response: responseTo(read, failures) };
}
