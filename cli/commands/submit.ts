import { type Command, InvalidArgumentError } from 'commander';
import { createDynamoClient } from '../../functions/aws/clients.ts';
import { createMeter, type Meter } from '../../functions/aws/metered-clients.ts';
import { DEFAULT_DUE_SHARDS } from '../../functions/copy-segment/due-index.ts';
import { collectIssues } from '../../functions/submit/issues.ts';
import type { OnProgress } from '../../functions/submit/submission.ts';
import { createSubmit } from '../../functions/submit/submit.ts';
import { SubmitInterruptedError } from '../../functions/submit/submit-stores.ts';
import { listenForInterruption } from '../interruption.ts';
import type { OpenRestore } from '../restore-file/open-restore.ts';
import { type Line, readLines } from '../restore-file/read-lines.ts';
import { UnreadableRestoreError } from '../restore-file/unreadable-restore-error.ts';
import { openSubmission } from '../submit-file/open-submission.ts';
import { readSubmission } from '../submit-file/read-submission.ts';
import { UnreadableSubmissionError } from '../submit-file/unreadable-submission-error.ts';
import { type Progress, progressBar } from '../terminal/progress-bar.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import {
  describeCost,
  describeOutcome,
  exitCodeOf,
  outcomeAsJson,
  type SubmitOutcome,
} from './submit-outcome.ts';

interface SubmitArguments {
  readonly jobsTable: string;
  readonly tasksTable: string;
  readonly segmentsTable: string;
  readonly shards: number;
  readonly json?: true;
}

const EXAMPLES = `
FILE is NDJSON: the job, with its idMappings or followed by a line for each
mapping, ascending by source; - is standard input. For example:

  {"job":{"jobId":"1","collectionId":"7"}}
  {"mapping":{"sourceSegmentId":"11","targetSegmentId":"21","partitionId":"3"}}

Submit the same file again after any error: it resumes. Region, credentials
and endpoint are the SDK's own, such as AWS_PROFILE or AWS_ENDPOINT_URL.

Exit codes: 0 submitted, 1 the job failed or its id is taken, 2 the command or
the file is wrong, 3 AWS did not answer.`;

/** Adds `submit FILE`. */
export function addSubmit(program: Command, exit: (code: ExitCode) => void): void {
  program
    .command('submit')
    .summary('submit a restore: all of its segments, or none')
    .description('Submits a restore: creates its job, its tasks and their target segments.')
    .argument('<file>', 'the restore, or - for standard input')
    .requiredOption('--jobs-table <name>', 'table of jobs')
    .requiredOption('--tasks-table <name>', 'table of tasks')
    .requiredOption('--segments-table <name>', 'table of segments')
    .option('--shards <count>', 'partitions of the due index, as deployed', parseShards, DEFAULT_DUE_SHARDS)
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: SubmitArguments) => exit(await submit(file, options)));
}

/** @throws InvalidArgumentError for anything but a whole number above 0 */
function parseShards(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}

async function submit(name: string, options: SubmitArguments): Promise<ExitCode> {
  const { signal } = listenForInterruption(() => process.exit(EXIT.interrupted));
  const meter = createMeter();
  let jobId: bigint | undefined;
  const outcome = await submitNamed(name, options, {
    meter,
    signal,
    onJob(id) {
      jobId = id;
    },
  });
  const code = signal.aborted && outcome.kind === 'interrupted' ? EXIT.interrupted : exitCodeOf(outcome);
  if (options.json) console.log(outcomeAsJson(outcome, jobId, meter));
  else {
    (code === EXIT.ok ? console.log : console.error)(describeOutcome(outcome, jobId));
    console.error(describeCost(meter));
  }
  return code;
}

async function submitNamed(
  name: string,
  options: SubmitArguments,
  surroundings: Surroundings,
): Promise<SubmitOutcome> {
  const { signal } = surroundings;
  try {
    const file = await openSubmission(name, signal);
    try {
      return await submitFile(file, options, surroundings);
    } finally {
      await file.close();
    }
  } catch (error) {
    // A reading that is cut short; requests end with a SubmitInterruptedError.
    if (!signal.aborted || !(error instanceof Error) || error.name !== 'AbortError') throw error;
    return { kind: 'interrupted', reason: new SubmitInterruptedError('Interrupted').message };
  }
}

interface Surroundings {
  readonly meter: Meter;
  readonly signal: AbortSignal;
  onJob(jobId: bigint): void;
}

async function submitFile(
  file: OpenRestore,
  { jobsTable: jobs, tasksTable: tasks, segmentsTable: segments, shards, json }: SubmitArguments,
  { meter, signal, onJob }: Surroundings,
): Promise<SubmitOutcome> {
  const progress = showProgress(file, signal, json !== true);
  const dynamo = createDynamoClient();
  try {
    const { job, line, mappings } = await readSubmission(progress.lines);
    onJob(job.jobId);
    const submit = createSubmit({ dynamo, tables: { jobs, tasks, segments }, shards, meter });
    const result = await submit(job, mappings, { signal, onProgress: progress.onProgress });
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
    dynamo.destroy();
  }
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
