import { parsePassEvent } from '../../functions/inspector/pass-event.ts';
import type { PassReport } from '../../functions/inspector/report/pass-report.ts';
import { type Call, disturbed, type Fault } from './disturb.ts';
import type { Decorate, Stage } from './stage.ts';
import type { PassStep, Step } from './steps.ts';

interface Surroundings {
  readonly planted: Decorate;
  /** How many turns each call of the pass waits, in rotation. */
  readonly turns?: readonly number[] | undefined;
  /** What others do in the midst of it. */
  readonly takeAll: (steps: readonly Step[]) => Promise<void>;
  readonly jobAt: (index: number) => bigint;
}

/**
 * One pass with all that goes wrong in it.
 *
 * @returns undefined if the pass died
 */
export async function playPass(
  stage: Stage,
  { mode, dryRun, maxDrops, onlyJob, events }: PassStep,
  { planted, turns = [0], takeAll, jobAt }: Surroundings,
): Promise<PassReport | undefined> {
  const faults = new Map<Call, Fault>();
  const meanwhile = new Map<Call, readonly Step[]>();
  for (const event of events)
    if ('fault' in event) faults.set(event.at, event.fault);
    else meanwhile.set(event.at, event.meanwhile);
  const cut = new AbortController();
  let remainingMs = Number.POSITIVE_INFINITY;
  const others: Promise<void>[] = [];
  const disturbance = {
    faults,
    turns,
    before: (call: Call): Promise<void> => {
      const other = takeAll(meanwhile.get(call) ?? []);
      others.push(other);
      return other;
    },
    cutOff: () => cut.abort(),
    timeUp: () => {
      remainingMs = 0;
    },
  };
  const inspector = stage.inspector((stores, signal) =>
    planted(disturbed(stores, signal, disturbance), signal),
  );
  const event = {
    mode,
    dryRun,
    ...(maxDrops !== undefined && { maxDrops }),
    ...(onlyJob !== undefined && { jobIds: [String(jobAt(onlyJob))] }),
  };
  try {
    return await inspector(parsePassEvent(event), { signal: cut.signal, remainingMs: () => remainingMs });
  } catch (error) {
    if (faults.size === 0) throw error;
    return undefined;
  } finally {
    // A pass that dies does not stop the others.
    await Promise.all(others);
  }
}
