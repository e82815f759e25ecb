import type { SendOutcome, Stores, WriteOutcome } from '../../functions/copy-segment/stores.ts';

/**
 * What happens to one call of a pass. The process dies before it, in its midst or after it; the call is refused, whole
 * or in part; it takes effect, but its answer is lost; it takes effect, and the retry of a lost answer finds its own
 * work; the pass is cut off, or its time is up.
 */
export const FAULTS = [
  'crashBefore',
  'crashMidway',
  'crashAfter',
  'refused',
  'partlyRefused',
  'answerLost',
  'retried',
  'cutOff',
  'timeUp',
] as const;
export type Fault = (typeof FAULTS)[number];

/** What a call is about: pages of queries and scans, reads of keys, batches of changes, batches of messages. */
export const CALLS = [
  'page',
  'read jobs',
  'read tasks',
  'read segments',
  'write jobs',
  'write tasks',
  'write segments',
  'send',
] as const;
type CallKind = (typeof CALLS)[number];

/** A call of a pass: the second batch of changes of tasks is `write tasks 2`. */
export type Call = `${CallKind} ${number}`;

export interface Disturbance {
  readonly faults: ReadonlyMap<Call, Fault>;
  /** What other parties do before a call. */
  readonly before?: (call: Call) => Promise<void>;
  /** How many turns each call waits, in rotation: passes that overlap take theirs in any order. */
  readonly turns?: readonly number[];
  readonly cutOff: () => void;
  readonly timeUp: () => void;
}

const crashed = (): Error => new Error('crashed');
const refused = { kind: 'failed', reason: 'refused' } as const;
const lost = { kind: 'failed', reason: 'no answer' } as const;

/** The same stores, with a disturbance on every call. A batch is one call. */
export function disturbed(
  { jobs, tasks, segments, write, queue }: Stores,
  signal: AbortSignal,
  { faults, before, turns = [0], cutOff, timeUp }: Disturbance,
): Stores {
  const calls = new Map<CallKind, number>();
  let waits = 0;
  let isDead = false;

  /** @returns what befalls the call */
  const begin = async (kind: CallKind): Promise<Fault | undefined> => {
    const number = (calls.get(kind) ?? 0) + 1;
    calls.set(kind, number);
    for (let turn = turns[waits++ % turns.length] ?? 0; turn > 0; turn--) await null;
    if (isDead) throw crashed();
    await before?.(`${kind} ${number}`);
    if (isDead) throw crashed();
    const fault = faults.get(`${kind} ${number}`);
    if (fault === 'crashBefore') {
      isDead = true;
      throw crashed();
    }
    if (fault === 'timeUp') timeUp();
    if (fault === 'cutOff') cutOff();
    return signal.aborted ? 'refused' : fault;
  };
  const end = (fault: Fault | undefined): void => {
    if (fault === 'crashMidway' || fault === 'crashAfter') isDead = true;
    if (isDead) throw crashed();
  };

  const batch =
    <T, O>(
      kindOf: (work: readonly T[]) => CallKind,
      proceed: (work: readonly T[]) => Promise<O[]>,
      ends: { readonly lost: O; readonly retried: (one: T) => Promise<O> },
    ) =>
    async (work: readonly T[]): Promise<(O | typeof refused)[]> => {
      const fault = await begin(kindOf(work));
      const isPartial = fault === 'partlyRefused' || fault === 'crashMidway';
      const through = work.filter((_, index) => fault !== 'refused' && !(isPartial && index % 2 === 0));
      const outcomes = new Map<T, O>();
      const done = through.length > 0 ? await proceed(through) : [];
      for (const [index, one] of through.entries()) outcomes.set(one, done[index] as O);
      end(fault);
      if (fault === 'answerLost') return work.map(() => ends.lost);
      if (fault === 'retried')
        for (const [one, outcome] of outcomes)
          if ((outcome as { kind: string }).kind === 'done') outcomes.set(one, await ends.retried(one));
      return work.map((one) => outcomes.get(one) ?? refused);
    };

  async function* pages<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const page of source) {
      const fault = await begin('page');
      if (fault === 'refused' || fault === 'partlyRefused' || fault === 'answerLost')
        throw new Error('refused');
      end(fault);
      yield page;
    }
  }

  /** Reads of keys: what is not answered for is unread. */
  const keyed = async <K, R>(
    kind: CallKind,
    keys: readonly K[],
    read: (keys: readonly K[]) => Promise<R>,
  ) => {
    const fault = await begin(kind);
    const isHit = (index: number): boolean =>
      fault === 'refused' || fault === 'answerLost' || (fault === 'partlyRefused' && index % 2 === 0);
    const answer = await read(keys.filter((_, index) => !isHit(index)));
    end(fault);
    return {
      answer,
      unread: keys.filter((_, index) => isHit(index)).map((key) => ({ key, reason: 'refused' })),
    };
  };

  return {
    jobs: {
      due: (shard, now) => pages(jobs.due(shard, now)),
      ids: (after) => pages(jobs.ids(after)),
      async read(jobIds) {
        const { answer, unread } = await keyed('read jobs', jobIds, jobs.read);
        return new Map([...answer, ...unread.map(({ key, reason }) => [key, { unread: reason }] as const)]);
      },
    },
    tasks: {
      due: (shard, now) => pages(tasks.due(shard, now)),
      ofJob: (jobId, after) => pages(tasks.ofJob(jobId, after)),
      jobIds: (after) => pages(tasks.jobIds(after)),
      async read(keys) {
        const { answer, unread } = await keyed('read tasks', keys, tasks.read);
        return { found: answer.found, unread: [...answer.unread, ...unread] };
      },
    },
    segments: {
      async read(segmentIds) {
        const { answer, unread } = await keyed('read segments', segmentIds, segments.read);
        return { found: answer.found, unread: [...answer.unread, ...unread] };
      },
    },
    write: batch<Parameters<typeof write>[0][number], WriteOutcome>(
      ([change]) => `write ${change?.table ?? 'tasks'}`,
      write,
      {
        lost,
        // What is there now is what the first attempt wrote.
        retried: async (change) => (await write([change]))[0] ?? lost,
      },
    ),
    queue: {
      send: batch<Parameters<typeof queue.send>[0][number], SendOutcome>(() => 'send', queue.send, {
        lost,
        retried: async () => lost,
      }),
    },
  };
}
