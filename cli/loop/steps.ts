import type { LoopEvent } from './loop-event.ts';

/** What a restore goes through, in the order in which it is shown. */
export const STEPS = ['submitted', 'sent', 'claimed', 'copied', 'published', 'dropped'] as const;
export type StepName = (typeof STEPS)[number];

/** One step of a restore. */
export interface Step {
  readonly step: StepName;
  /** Milliseconds since its submit began. */
  readonly sinceSubmitMs: number;
  /** Milliseconds since the step before. */
  readonly tookMs: number;
}

/** When each restore was submitted, and came how far. */
export interface StepRecord {
  /** Its submit begins. @param at milliseconds since the run began */
  begin(jobId: bigint, at: number): void;
  note(event: LoopEvent): void;
  /** In the order of their times. */
  of(jobId: bigint): readonly Step[];
}

/** Of a step that several tasks take, the first one counts: something is under way. Of these the last one: all of it is done. */
const LAST: ReadonlySet<StepName> = new Set(['copied', 'dropped']);

export function createStepRecord(): StepRecord {
  const begins = new Map<bigint, number>();
  const times = new Map<bigint, Map<StepName, number>>();

  return {
    begin(jobId, at) {
      begins.set(jobId, at);
      times.set(jobId, new Map());
    },
    note({ jobId, what, at }) {
      const step = STEPS.find((name) => name === what);
      const ofJob = jobId === undefined ? undefined : times.get(jobId);
      if (step === undefined || !ofJob) return;
      if (LAST.has(step) || !ofJob.has(step)) ofJob.set(step, at);
    },
    of(jobId) {
      const ofJob = times.get(jobId) ?? new Map<StepName, number>();
      // Of a restore that is dropped, what some task has copied is no step.
      if (ofJob.has('dropped')) ofJob.delete('copied');
      const begun = begins.get(jobId) ?? 0;
      let before = begun;
      return [...ofJob]
        .sort(([, a], [, b]) => a - b)
        .map(([step, at]) => {
          const tookMs = at - before;
          before = at;
          return { step, sinceSubmitMs: Math.round(at - begun), tookMs: Math.round(tookMs) };
        });
    },
  };
}
