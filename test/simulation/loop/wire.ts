import { setImmediate } from 'node:timers/promises';
import type { After } from '../../../functions/worker/timers.ts';

/**
 * What happens to a request. It is refused, as when all retries of an SDK are used up; half of a batch is; it takes
 * effect, but its answer is lost; it takes effect, and the retry of a lost answer finds its own work; the process that
 * sent it dies before it, or after it.
 */
export const FAULTS = [
  'refused',
  'partlyRefused',
  'answerLost',
  'retried',
  'diesBefore',
  'diesAfter',
] as const;
export type Fault = (typeof FAULTS)[number];

export const ROLES = ['submit', 'inspector', 'checker', 'worker'] as const;
export type Role = (typeof ROLES)[number];

/** One run of a party: a submit, a pass, a check, a worker with one message. */
export interface Process {
  readonly role: Role;
  isDead: boolean;
  /** Whether anything went wrong at the wire for it: then it may end with an error. */
  isDisturbed: boolean;
}

/** What a request is about. */
export type Label =
  | 'due'
  | 'tasks'
  | 'keys'
  | 'read'
  | 'write'
  | 'transact'
  | 'send'
  | 'update'
  | 'list'
  | 'look'
  | 'part'
  | 'create';

/** A request as its sender puts it on the wire. */
export interface Exchange<T> {
  readonly label: Label;
  perform(): Promise<T>;
  /** Half of a batch takes effect; left out: the whole is refused. */
  performPartly?(): Promise<T>;
  /** Left out: what is asked twice is answered as it was the first time. */
  performAgain?(): Promise<T>;
  /** The answer of an adapter that got none, or an error. */
  unanswered(): T;
}

interface Waiting {
  readonly process: Process;
  readonly label: Label;
  /** Nobody waits for its answer any more, but it may still arrive. */
  isOrphaned: boolean;
  settle(fault: Fault | undefined): Promise<void>;
  drop(error: Error): void;
}

interface Timer {
  readonly process: Process;
  readonly at: number;
  readonly act: () => void;
}

export const died = (): Error => new Error('the process died');

/**
 * The network between all processes and what they share, and the clock. Nothing moves by itself: a request waits until
 * it is let through.
 */
export function createWire(clock: { now: number }) {
  const waiting: Waiting[] = [];
  const timers = new Set<Timer>();

  const kill = (process: Process): void => {
    process.isDead = true;
    for (const timer of timers) if (timer.process === process) timers.delete(timer);
    for (const request of waiting) if (request.process === process) request.drop(died());
  };

  const letThrough = async (index: number, fault?: Fault): Promise<void> => {
    const [request] = waiting.splice(index % waiting.length, 1);
    if (request === undefined) return;
    if (fault !== undefined) request.process.isDisturbed = true;
    await request.settle(request.isOrphaned ? undefined : fault);
    await quiet();
  };

  return {
    waiting: waiting as readonly Pick<Waiting, 'process' | 'label' | 'isOrphaned'>[],
    kill,
    letThrough,

    /** @param signal the sender's: gives up waiting for an answer, whatever becomes of the request */
    request<T>(
      process: Process,
      { label, perform, performPartly, performAgain, unanswered }: Exchange<T>,
      signal?: AbortSignal,
    ): Promise<T> {
      if (process.isDead) return Promise.reject(died());
      if (signal?.aborted) return Promise.reject(signal.reason);
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const answer = async (fault: Fault | undefined): Promise<T> => {
        if (fault === 'refused' || (fault === 'partlyRefused' && performPartly === undefined))
          return unanswered();
        if (fault === 'partlyRefused' && performPartly) return performPartly();
        const answered = await perform();
        if (fault === 'answerLost') return unanswered();
        return fault === 'retried' && performAgain ? performAgain() : answered;
      };
      const one: Waiting = {
        process,
        label,
        isOrphaned: false,
        async settle(fault) {
          if (fault === 'diesBefore') {
            kill(process);
            return reject(died());
          }
          try {
            const answered = await answer(fault);
            if (fault === 'diesAfter') kill(process);
            if (process.isDead) reject(died());
            else resolve(answered);
          } catch (error) {
            reject(error);
          }
        },
        drop(error) {
          one.isOrphaned = true;
          reject(error);
        },
      };
      signal?.addEventListener('abort', () => one.drop(signal.reason));
      waiting.push(one);
      return promise;
    },

    timersOf:
      (process: Process): After =>
      (delayMs, act) => {
        const timer = { process, at: clock.now + delayMs, act };
        if (!process.isDead) timers.add(timer);
        return () => timers.delete(timer);
      },

    /** When the next timer comes due. */
    nextTimerAt: (): number | undefined =>
      timers.size > 0 ? Math.min(...[...timers].map(({ at }) => at)) : undefined,

    /** Fires what has come due. */
    async fireTimers(): Promise<void> {
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= clock.now).sort((a, b) => a.at - b.at);
        if (next === undefined) return;
        timers.delete(next);
        next.act();
        await quiet();
      }
    },
  };
}

export type Wire = ReturnType<typeof createWire>;

/** Until every process waits for an answer or a timer: what follows from an answer follows in microtasks. */
export const quiet = (): Promise<void> => setImmediate();
