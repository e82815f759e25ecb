import { join } from 'node:path';
import type { Location, SubmittedJob } from '../../functions/copy-segment/submission.ts';
import type { Mapping } from '../../functions/submit/mapping-source.ts';
import { readLines } from '../restore-file/read-lines.ts';
import { openSubmission } from '../submit-file/open-submission.ts';
import { readSubmission } from '../submit-file/read-submission.ts';

/** A restore to submit, as its file describes it. */
export interface SampleRestore {
  /** The job, with the buckets of this run. */
  readonly job: SubmittedJob & { readonly source: Location; readonly target: Location };
  readonly mappings: readonly Mapping[];
}

const SAMPLES = join(import.meta.dirname, 'samples');

/** The restores of a run, in their order. */
export interface Samples<Sample> {
  /** A restore of one task, in whose way nothing is. */
  readonly undisturbed: Sample;
  /** A restore of two tasks, the worker of one of which is to die. */
  readonly rescued: Sample;
  /** A restore of two tasks, one of whose source segments is to be missing. */
  readonly damaged: Sample;
}

export const SAMPLE_FILES: Samples<string> = {
  undisturbed: join(SAMPLES, 'undisturbed.ndjson'),
  rescued: join(SAMPLES, 'restore.ndjson'),
  damaged: join(SAMPLES, 'missing-source.ndjson'),
};

/** Reads a submission through the code of `copy-segment submit`; its buckets have other names in every run. */
export async function readSample(
  path: string,
  buckets: { readonly source: string; readonly target: string },
  signal: AbortSignal,
): Promise<SampleRestore> {
  const file = await openSubmission(path, signal);
  try {
    const { job, mappings } = await readSubmission(() => readLines(file.path, signal));
    const { source, target } = job;
    if (!source || !target) throw new Error(`${path} does not say from where to where`);
    return {
      job: {
        ...job,
        source: { ...source, bucket: buckets.source },
        target: { ...target, bucket: buckets.target },
      },
      mappings: await Array.fromAsync(mappings()),
    };
  } finally {
    await file.close();
  }
}
