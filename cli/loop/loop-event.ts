/** Who does something in the loop. */
export type Party = 'snapshot' | 'submit' | 'inspector' | 'checker' | `worker-${number}`;

/** What happened, as it is shown and as JSON has it. */
export type Happening =
  | 'stored'
  | 'lost'
  | 'submitted'
  | 'sent'
  | 'claimed'
  | 'copied'
  | 'died'
  | 'released'
  | 'gaveBack'
  | 'failed'
  | 'publishing'
  | 'published'
  | 'completed'
  | 'dropped'
  | 'deleted';

/** One event of a run. */
export interface LoopEvent {
  /** Milliseconds since the run began, by the clock of the parts. */
  readonly at: number;
  readonly who: Party;
  readonly what: Happening;
  readonly jobId?: bigint;
  readonly taskId?: bigint;
  readonly detail?: string;
}

/** Tells an event; its time is that of the call. */
export type Tell = (
  who: Party,
  what: Happening,
  about: Pick<LoopEvent, 'jobId' | 'taskId' | 'detail'>,
) => void;

/** `12:00.4`: minutes, seconds and tenths. */
export function timeOf(ms: number): string {
  const tenths = Math.floor(ms / 100);
  const seconds = ((tenths % 600) / 10).toFixed(1);
  return `${String(Math.floor(tenths / 600)).padStart(2, '0')}:${seconds.padStart(4, '0')}`;
}

/** ` in 0.42 s` */
export const tookFrom = (from: number, to: number): string => ` in ${((to - from) / 1_000).toFixed(2)} s`;
