import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createLastTask } from '../aws/last-task.ts';
import { createMeter, type Meter, meteredDynamo } from '../aws/metered-clients.ts';
import { createTableReads } from '../aws/table-reads.ts';
import { createTransact } from '../aws/transact.ts';
import { createWriter } from '../aws/write-changes.ts';
import { DEFAULT_DUE_SHARDS } from '../copy-segment/due-index.ts';
import { failedToFill, type SubmittedJob, sealed } from '../copy-segment/submission.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import { checkJob } from './check-job.ts';
import { fillJob } from './fill-job.ts';
import { type Found, findJob } from './find-job.ts';
import { collectIssues } from './issues.ts';
import type { MappingSource } from './mapping-source.ts';
import { type Opening, openJob } from './open-job.ts';
import type { OnProgress, Submission } from './submission.ts';
import type { SubmitResult } from './submit-result.ts';
import { SubmitInterruptedError, type SubmitStores } from './submit-stores.ts';
import { surveyMappings } from './survey-mappings.ts';

export interface SubmitConfig {
  readonly dynamo: DynamoDBDocumentClient;
  readonly tables: TableNames;
  /** Partitions of the `due` index, as deployed. */
  readonly shards?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** Counts what submits cost. */
  readonly meter?: Meter;
}

export interface SubmitOptions {
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/**
 * Submits a restore: all of its segments, or none. `jobId` is the caller's idempotency token: the same again, after an
 * error or at the same time, ends in the same items.
 *
 * @throws SubmitInterruptedError when DynamoDB does not answer or `signal` is aborted, and whatever `mappings` throws
 */
export type Submit = (
  job: SubmittedJob,
  mappings: MappingSource,
  options?: SubmitOptions,
) => Promise<SubmitResult>;

/** Submits to DynamoDB. */
export function createSubmit(config: SubmitConfig): Submit {
  const { dynamo, tables, meter = createMeter() } = config;
  return submitOver((signal) => {
    const clients = meteredDynamo(dynamo, meter, signal);
    const { jobs, segments } = createTableReads(clients, tables);
    return {
      jobs,
      segments,
      lastTask: createLastTask(clients, tables),
      transact: createTransact(clients, tables),
      write: createWriter(clients, tables, { takesSeveralRemoves: true }),
    };
  }, config);
}

/** Submits to any stores. `storesOf`: those of one submit, whose requests end with the signal. */
export function submitOver(
  storesOf: (signal: AbortSignal) => SubmitStores,
  { shards = DEFAULT_DUE_SHARDS, now = Date.now }: Pick<SubmitConfig, 'shards' | 'now'>,
): Submit {
  return async (job, mappings, { onProgress, signal = new AbortController().signal } = {}) => {
    const issues = collectIssues();
    for (const issue of checkJob(job)) issues.add(issue);
    const totals = await surveyMappings(mappings, issues.add);
    if (issues.total > 0) return { kind: 'refused', issues };
    return submit({ stores: storesOf(signal), job, totals, shards, now, signal, onProgress }, mappings);
  };
}

async function submit(submission: Submission, mappings: MappingSource): Promise<SubmitResult> {
  const opening = await openJob(submission);
  if (opening.kind !== 'pending') return end(submission, opening);

  const fill = await fillJob(submission, mappings, opening.filled);
  if (fill.kind === 'impossible') return failJob(submission, fill.reason);
  if (fill.kind !== 'filled') return end(submission, fill);
  return sealJob(submission, opening.isNew ? {} : { resumedAfterTaskId: opening.filled.taskId });
}

/** What is told of a job that is not this submit's to fill. */
function end({ job, totals }: Submission, found: Exclude<Opening, { kind: 'pending' }>): SubmitResult {
  switch (found.kind) {
    case 'empty':
      return { kind: 'submitted', state: 'Completed', totals };
    case 'conflict':
      return found;
    case 'movedOn':
      return { kind: 'found', state: found.state, reason: found.reason, totals };
    case 'missing':
      throw new SubmitInterruptedError(`Job ${job.jobId} was deleted meanwhile`);
  }
}

async function sealJob(
  submission: Submission,
  resumption: { readonly resumedAfterTaskId?: bigint },
): Promise<SubmitResult> {
  const { job, totals, now } = submission;
  const found = await writeJob(submission, sealed(job, now()));
  if (found === 'done') return { kind: 'submitted', state: 'Executing', totals, ...resumption };
  // A checker that saw all tasks has started it, or the answer to the seal was lost.
  if (found.kind === 'movedOn' && found.state !== 'Failed')
    return { kind: 'submitted', state: found.state, totals, ...resumption };
  return end(submission, found);
}

async function failJob(submission: Submission, reason: string): Promise<SubmitResult> {
  const { job, totals, now } = submission;
  const found = await writeJob(submission, failedToFill(job, reason, now()));
  return found === 'done' ? { kind: 'failed', reason, totals } : end(submission, found);
}

/** Makes a change to a Pending job, or finds what has become of it. */
async function writeJob(
  { stores, job, totals }: Submission,
  change: ReturnType<typeof sealed>,
): Promise<'done' | Exclude<Found, { kind: 'pending' }>> {
  const [outcome] = await stores.write([change]);
  if (outcome?.kind === 'done') return 'done';
  if (outcome?.kind === 'conditionFailed') {
    const found = await findJob(stores, job, totals);
    if (found.kind !== 'pending') return found;
  }
  const reason = outcome?.kind === 'failed' ? outcome.reason : 'its condition fails';
  throw new SubmitInterruptedError(`Job ${job.jobId} could not be written: ${reason}`);
}
