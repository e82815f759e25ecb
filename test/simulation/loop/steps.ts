import type { RestoreSeed } from './restores.ts';
import type { Fault, Label } from './wire.ts';

/** What happens next. Indexes are taken modulo what there is. */
export type LoopStep =
  | { readonly do: 'submit'; readonly restore: number }
  | { readonly do: 'inspect' | 'check'; readonly isRecovery: boolean }
  | { readonly do: 'work'; readonly message: number }
  /** A request is let through. */
  | { readonly do: 'request'; readonly index: number; readonly fault?: Fault | undefined }
  /** One process has the wire for itself, until its next request is one of these. */
  | { readonly do: 'requests'; readonly process: number; readonly count: number; readonly before?: Label }
  /** The next request of one process. */
  | { readonly do: 'next'; readonly process: number; readonly fault?: Fault }
  | { readonly do: 'wait'; readonly ms: number }
  /** Time passes, and no process gets to its timers before the next answer. */
  | { readonly do: 'stall'; readonly ms: number }
  | { readonly do: 'kill' | 'timeIsUp'; readonly process: number }
  | { readonly do: 'cancel' | 'lie'; readonly restore: number }
  | { readonly do: 'tamper'; readonly restore: number; readonly object: number; readonly how: Tampering }
  | { readonly do: 'freezeIndex'; readonly isFrozen: boolean };

/** What others do to objects; `occupied`: there are other bytes where a target should be. */
export const TAMPERINGS = ['gone', 'replaced', 'resized', 'occupied'] as const;
export type Tampering = (typeof TAMPERINGS)[number];

export interface LoopHistory {
  readonly restores: readonly RestoreSeed[];
  readonly steps: readonly LoopStep[];
}
