import type { ProblemOf } from './problems.ts';

/** What a report of any function says of its work. */
interface Work {
  readonly changes: number;
  readonly problems: readonly ProblemOf<string>[];
}

/** Thrown after the report is logged, so that Lambda counts an error: there was work, and all of it failed. */
export class NothingAchievedError extends Error {
  override name = 'NothingAchievedError';
}

/**
 * A pass had work if something that was due was tried: its read, its send or its write failed. It achieved none of it if it
 * changed nothing, and nobody else did meanwhile.
 *
 * @param failed tasks, jobs and segments whose work failed
 * @param movedOn those that somebody else changed meanwhile
 * @throws NothingAchievedError
 */
export function assertSomethingAchieved({ changes, problems }: Work, failed: number, movedOn: number): void {
  if (failed === 0 || changes > 0 || movedOn > 0) return;
  const [first] = problems.filter(({ kind }) => kind === 'failed');
  throw new NothingAchievedError(
    `everything that was tried failed, ${failed} in all, and nothing was changed: ${first?.reason ?? 'see the report'}`,
  );
}
