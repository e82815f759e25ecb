import type { Issues } from '../../functions/submit/issues.ts';

/** Thrown when lines of a submission cannot be read. Nothing was written. */
export class UnreadableSubmissionError extends Error {
  override name = 'UnreadableSubmissionError';
  readonly issues: Issues;

  constructor(issues: Issues) {
    super('the submission cannot be read');
    this.issues = issues;
  }
}
