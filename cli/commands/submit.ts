import { basename } from 'node:path';
import type { Command } from 'commander';
import { collectIssues } from '../../functions/submit/issues.ts';
import type { OnProgress } from '../../functions/submit/submission.ts';
import { createSubmit } from '../../functions/submit/submit.ts';
import type { SubmitResult } from '../../functions/submit/submit-result.ts';
import { SubmitInterruptedError } from '../../functions/submit/submit-stores.ts';
import type { WholeRecord } from '../action-log/operator-log.ts';
import type { OpenRestore } from '../restore-file/open-restore.ts';
import { type Line, readLines } from '../restore-file/read-lines.ts';
import { UnreadableRestoreError } from '../restore-file/unreadable-restore-error.ts';
import { openSubmission } from '../submit-file/open-submission.ts';
import { readSubmission } from '../submit-file/read-submission.ts';
import { UnreadableSubmissionError } from '../submit-file/unreadable-submission-error.ts';
import type { Surroundings } from '../surroundings.ts';
import { countOf } from '../terminal/count-of.ts';
import { type Progress, progressBar } from '../terminal/progress-bar.ts';
import { addCommand, type CommandCall, type CommandEnd, type Exit } from './command.ts';
import { EXIT } from './exit-code.ts';
import { describeOutcome, exitCodeOf, type SubmitOutcome } from './submit-outcome.ts';

const DESCRIPTION = `Submits a restore: creates its job, its tasks and their target segments.

FILE is NDJSON: the job, with its idMappings or followed by a line for each
mapping, ascending by source; - is standard input. For example:

  {"job":{"jobId":"1","collectionId":"7"}}
  {"mapping":{"sourceSegmentId":"11","targetSegmentId":"21","partitionId":"3"}}

Submit the same file again after any error: it resumes.`;

const EXAMPLES = `  copy-segment submit restore.ndjson --stack CopySegmentInspector
  zcat restore.ndjson.gz | copy-segment submit - --json`;

const EXIT_CODES = `Exit codes: 0 submitted, 1 the job failed or its id is taken, 2 the command or
the file is wrong, 3 AWS did not answer.`;

/** Adds `submit FILE`. */
export function addSubmit(program: Command, surroundings: Surroundings, exit: Exit): void {
  addCommand(program, surroundings, exit, {
    usage: 'submit <file>',
    summary: 'submit a restore: all of its segments, or none',
    description: DESCRIPTION,
    examples: EXAMPLES,
    exitCodes: EXIT_CODES,
    run: submit,
  });
}

type Call = CommandCall<object>;

async function submit(call: Call): Promise<CommandEnd> {
  let jobId: bigint | undefined;
  const outcome = await submitNamed(call, (id) => {
    jobId = id;
  });
  const code = call.signal.aborted && outcome.kind === 'interrupted' ? EXIT.interrupted : exitCodeOf(outcome);
  const text = describeOutcome(outcome, jobId);
  if (code !== EXIT.ok && !call.options.json) await call.err.write(`${text}\n`);
  return { code, json: { jobId, ...outcome }, text: () => (code === EXIT.ok ? text : '') };
}

async function submitNamed(call: Call, onJob: (jobId: bigint) => void): Promise<SubmitOutcome> {
  const { signal, args } = call;
  try {
    const file = await openSubmission(args[0] as string, signal);
    try {
      return await submitFile(file, call, onJob);
    } finally {
      await file.close();
    }
  } catch (error) {
    // A reading that is cut short; requests end with a SubmitInterruptedError.
    if (!signal.aborted || !(error instanceof Error) || error.name !== 'AbortError') throw error;
    return { kind: 'interrupted', reason: new SubmitInterruptedError('Interrupted').message };
  }
}

async function submitFile(
  file: OpenRestore,
  { connection, signal, options, actionLog }: Call,
  onJob: (jobId: bigint) => void,
): Promise<SubmitOutcome> {
  const { dynamo, tables, shards } = connection;
  const progress = showProgress(file, signal, options.json !== true);
  try {
    const { job, line, mappings } = await readSubmission(progress.lines);
    onJob(job.jobId);
    const submit = createSubmit({ dynamo, tables, shards });
    const result = await submit(job, mappings, { signal, onProgress: progress.onProgress });
    if (result.kind === 'submitted' || result.kind === 'failed')
      actionLog.whole(submittedRecord(job.jobId, result, basename(file.name)));
    if (result.kind !== 'refused') return result;
    // What is wrong with the job itself is on its line.
    const { listed, total } = result.issues;
    return { ...result, issues: { listed: listed.map((issue) => ({ line, ...issue })), total } };
  } catch (error) {
    if (error instanceof UnreadableSubmissionError) return { kind: 'refused', issues: error.issues };
    if (error instanceof UnreadableRestoreError) return ofAnotherKind(error, file);
    if (error instanceof SubmitInterruptedError) return { kind: 'interrupted', reason: error.message };
    throw error;
  } finally {
    progress.end();
  }
}

function submittedRecord(
  jobId: bigint,
  result: Extract<SubmitResult, { kind: 'submitted' | 'failed' }>,
  source: string,
): WholeRecord {
  const { tasks, segments } = result.totals;
  const after = { totalTasks: tasks, totalSegments: segments };
  const common = { table: 'jobs', jobId: String(jobId) } as const;
  return result.kind === 'failed'
    ? { ...common, what: 'failed', after: { state: 'Failed', ...after }, because: result.reason }
    : {
        ...common,
        what: 'submitted',
        after: { state: result.state, ...after },
        because: `${countOf(segments, 'segment')} in ${countOf(tasks, 'task')} from ${source}`,
      };
}

function ofAnotherKind({ message, filter }: UnreadableRestoreError, { name }: OpenRestore): SubmitOutcome {
  const issues = collectIssues();
  const remedy = filter ? ` Try: ${filter} ${name} | copy-segment submit -` : '';
  issues.add({ reason: `${message}${remedy}` });
  return { kind: 'refused', issues };
}

/** Fewer segments than these are written before a bar could be read. */
const MIN_SEGMENTS = 1_000;

/** A bar for the reading that checks the file, and one for the segments that are written. */
function showProgress(file: OpenRestore, signal: AbortSignal, isShown: boolean) {
  let reading: Progress | undefined;
  let writing: Progress | undefined;
  async function* lines(): AsyncGenerator<Line> {
    reading?.end();
    reading = writing ? undefined : progressBar('Checking', file.bytes, isShown);
    try {
      for await (const line of readLines(file.path, signal)) {
        yield line;
        reading?.reached(line.end);
      }
    } finally {
      reading?.end();
    }
  }
  const onProgress: OnProgress = ({ segments, of }) => {
    reading?.end();
    reading = undefined;
    writing ??= progressBar('Submitting', of, isShown, MIN_SEGMENTS);
    writing.reached(segments);
  };
  return { lines, onProgress, end: () => writing?.end() };
}
