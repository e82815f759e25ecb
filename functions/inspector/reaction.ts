import type { ProblemKey } from '../pass/problems.ts';
import { reactionTime } from '../pass/reaction-time.ts';
import {
  type BatchResponse,
  readStreamRecords,
  responseTo,
  type StreamEvent,
} from '../pass/stream-records.ts';
import type { Inspector } from './inspector.ts';
import type { PassRun } from './pass-run.ts';
import type { PassReport } from './report/pass-report.ts';

/** What became of a batch of records. */
export interface Reaction {
  readonly report: PassReport;
  /** Sequence numbers of the records that name no item. */
  readonly unreadable: readonly string[];
  /** What Lambda is told. */
  readonly response: BatchResponse;
}

/** Reacts to a batch of records of the streams of Jobs and Tasks. */
export async function reactTo(
  inspector: Inspector,
  event: StreamEvent,
  run: PassRun = {},
): Promise<Reaction> {
  const read = readStreamRecords(event);
  const failures: ProblemKey[] = [];
  const due = {
    tasks: read.records.flatMap(({ jobId, taskId }) => (taskId === undefined ? [] : [{ jobId, taskId }])),
    jobs: read.records.flatMap(({ jobId, taskId }) => (taskId === undefined ? [jobId] : [])),
  };
  const report = await inspector(
    { mode: 'react', due, dryRun: false },
    {
      ...run,
      remainingMs: reactionTime(run.remainingMs ?? (() => Number.POSITIVE_INFINITY)),
      onFailure: (key) => failures.push(key),
    },
  );
  return { report, unreadable: read.unreadable, response: responseTo(read, failures) };
}
