import type { Change } from '../../functions/copy-segment/change.ts';
import type { RawId } from '../../functions/copy-segment/ids.ts';
import type { TaskMessage } from '../../functions/copy-segment/task-message.ts';

/** What a dry run would do, and why. */
export interface PlannedAction {
  /** The verdict; `drop` or `publish` for a segment. */
  readonly action: string;
  /** "task 1/2", "job 1", "segment 11". */
  readonly on: string;
  readonly because: string;
}

interface Verdict {
  readonly jobId: RawId;
  readonly taskId?: RawId;
  readonly kind: string;
  readonly because: string;
}

/** A pass acts on at most this many items before it judges the next ones. */
const MAX_VERDICTS_KEPT = 2_000;

/**
 * Tells the actions of a dry run, one by one, from what it shows of itself: a verdict is an action once something would
 * be written or sent because of it. A pass judges a million tasks that are at rest.
 */
export function createPlannedActions(tell: (action: PlannedAction) => void) {
  const verdicts = new Map<string, Verdict>();
  const act = (on: string): void => {
    const verdict = verdicts.get(on);
    if (verdict === undefined) return;
    verdicts.delete(on);
    tell({ action: verdict.kind, on, because: verdict.because });
  };

  return {
    onVerdict(verdict: Verdict): void {
      const { jobId, taskId } = verdict;
      verdicts.set(taskId === undefined ? `job ${jobId}` : `task ${jobId}/${taskId}`, verdict);
      if (verdicts.size > MAX_VERDICTS_KEPT) verdicts.delete(verdicts.keys().next().value as string);
    },
    onChange({ table, key, set }: Change): void {
      if (table === 'segments') tell(segmentAction(key.segmentId, set));
      else act(table === 'jobs' ? `job ${key.jobId}` : `task ${key.jobId}/${key.taskId}`);
    },
    onMessage: ({ key }: TaskMessage): void => act(`task ${key.jobId}/${key.taskId}`),
  };
}

const segmentAction = (segmentId: unknown, set: Change<'segments'>['set']): PlannedAction => ({
  action: set.state === 'Dropped' ? 'drop' : 'publish',
  on: `segment ${segmentId}`,
  because: set.dropReason ?? 'every task of its job is Completed',
});
