import type { RawId } from '../../functions/copy-segment/ids.ts';
import type { Finding } from './audit.ts';
import { type Mend, type MendContext, mendOf } from './mends.ts';

/** Without `--all`, a few of each kind are told; the others are counted. */
const MAX_EXAMPLES = 5;
const MAX_EXAMPLES_OF_ALL = 1_000;

export interface Example {
  /** "task 1/2", "job 1", "segment 11". */
  readonly on: string;
  readonly reason: string;
  readonly mend: Mend | undefined;
}

/** The violations of one invariant. */
export interface Kind {
  readonly invariant: string;
  readonly count: number;
  /** Which of its violations a recovery of their job mends. */
  readonly recoverable: number;
  readonly examples: readonly Example[];
}

/** What an audit found, by kind: memory grows with the jobs that a recovery mends, not with the violations. */
export interface Findings {
  add(finding: Finding): void;
  /** The most frequent first. */
  kinds(): Kind[];
  total(): number;
  /** Jobs of which a recovery mends something, ascending. */
  jobsToRecover(): bigint[];
}

export function createFindings(context: MendContext, all = false): Findings {
  const maxExamples = all ? MAX_EXAMPLES_OF_ALL : MAX_EXAMPLES;
  const kinds = new Map<string, { count: number; recoverable: number; examples: Example[] }>();
  const jobs = new Set<RawId>();
  return {
    add(finding) {
      const { invariant, key, reason } = finding;
      const kind = kinds.get(invariant) ?? { count: 0, recoverable: 0, examples: [] };
      kinds.set(invariant, kind);
      kind.count++;
      const mend = mendOf(finding, context);
      if (mend?.by === 'recover') {
        kind.recoverable++;
        jobs.add(key.jobId);
      }
      if (kind.examples.length < maxExamples) kind.examples.push({ on: nameOf(key), reason, mend });
    },
    kinds: () =>
      [...kinds]
        .map(([invariant, kind]) => ({ invariant, ...kind }))
        .sort((a, b) => b.count - a.count || (a.invariant < b.invariant ? -1 : 1)),
    total: () => [...kinds.values()].reduce((sum, { count }) => sum + count, 0),
    jobsToRecover: () => [...jobs].filter((id) => typeof id === 'bigint').sort((a, b) => (a < b ? -1 : 1)),
  };
}

const nameOf = ({ jobId, taskId, segmentId }: Finding['key']): string => {
  const owner = taskId === undefined ? `job ${jobId}` : `task ${jobId}/${taskId}`;
  return segmentId === undefined ? owner : `segment ${segmentId} of ${owner}`;
};
