import { truncate } from '../copy-segment/truncate.ts';

/** How many problems a report lists: it is one log line, and somebody reads it. */
const MAX_PROBLEMS_LISTED = 100;
const MAX_REASON_LENGTH = 300;

/** How many are told from those that are found again. The memory of a pass must not grow with what is wrong. */
const MAX_PROBLEMS_REMEMBERED = 10_000;

const MAX_GROUPS = 50;
const MAX_KEYS_PER_GROUP = 5;

/** The key of what went wrong; ids as decimal strings. */
export interface ProblemKey {
  readonly jobId?: string;
  readonly taskId?: string;
  readonly segmentId?: string;
  /** What of a table could not be read: a shard of its index, or its scan. */
  readonly part?: string;
}

/** What went wrong in a pass; of the kind `failed`: a read, a send or a write that failed. */
export interface ProblemOf<K extends string> {
  readonly key: ProblemKey;
  readonly kind: K | 'failed';
  readonly reason: string;
}

/** Problems that are alike, of which the report has no room for more. */
export interface ProblemGroupOf<K extends string> {
  readonly kind: K | 'failed';
  readonly reason: string;
  readonly count: number;
  /** A few of them. */
  readonly keys: readonly ProblemKey[];
}

/** What went wrong, as far as a report has room for it. */
export interface Problems<K extends string> {
  problem(problem: ProblemOf<K>): void;
  /** How many problems were a read, a send or a write that failed. */
  failures(): number;
  /** Problems that the report does not list, the most frequent first. */
  omitted(): ProblemGroupOf<K>[];
  listed(): ListedProblems<K>;
}

export interface ListedProblems<K extends string> {
  readonly problems: readonly ProblemOf<K>[];
  /** Problems beyond those listed; the function logs them, counted by kind and reason. */
  readonly problemsOmitted: number;
  /** How many there are of each kind, listed or not. */
  readonly problemsByKind: Readonly<Partial<Record<K | 'failed', number>>>;
}

/** @param onFailure called with the key of each read, send and write that failed */
export function createProblems<K extends string>(onFailure?: (key: ProblemKey) => void): Problems<K> {
  const problems: ProblemOf<K>[] = [];
  const known = new Set<string>();
  const groups = new Map<string, { kind: K | 'failed'; reason: string; count: number; keys: ProblemKey[] }>();
  const problemsByKind: Partial<Record<K | 'failed', number>> = {};
  let problemsOmitted = 0;
  let failures = 0;

  const omit = ({ kind, key, reason }: ProblemOf<K>): void => {
    problemsOmitted++;
    const name = `${kind}/${reason}`;
    // Reasons may all differ; what is counted must not grow with them.
    const group = groups.get(name) ??
      groups.get(kind) ?? {
        kind,
        reason: groups.size < MAX_GROUPS ? reason : 'of various reasons',
        count: 0,
        keys: [],
      };
    group.count++;
    if (group.keys.length < MAX_KEYS_PER_GROUP) group.keys.push(key);
    groups.set(groups.size < MAX_GROUPS || groups.has(name) ? name : kind, group);
  };

  return {
    problem({ reason, ...rest }) {
      const problem = { ...rest, reason: truncate(reason, MAX_REASON_LENGTH) };
      if (problem.kind === 'failed') {
        failures++;
        onFailure?.(problem.key);
      }
      // A task that cannot be read is found twice when its job failed as well.
      const { jobId, taskId, segmentId, part } = problem.key;
      const name = [problem.kind, jobId, taskId, segmentId, part].join('/');
      if (known.has(name)) return;
      if (known.size < MAX_PROBLEMS_REMEMBERED) known.add(name);
      problemsByKind[problem.kind] = (problemsByKind[problem.kind] ?? 0) + 1;
      if (problems.length < MAX_PROBLEMS_LISTED) problems.push(problem);
      else omit(problem);
    },
    failures: () => failures,
    omitted: () => [...groups.values()].sort((a, b) => b.count - a.count),
    listed: () => ({ problems, problemsOmitted, problemsByKind }),
  };
}
