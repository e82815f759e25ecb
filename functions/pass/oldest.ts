/** The earliest of the times that it is told of. */
export interface Oldest {
  /** @param time epoch milliseconds; undefined: not known */
  note(time: number | undefined): void;
  /** Milliseconds since then; 0 if nothing was noted. */
  ageAt(now: number): number;
}

export function createOldest(): Oldest {
  let oldest = Number.POSITIVE_INFINITY;
  return {
    note(time = oldest) {
      if (time < oldest) oldest = time;
    },
    ageAt: (now) => (Number.isFinite(oldest) ? Math.max(0, now - oldest) : 0),
  };
}

interface DueReads<T> {
  due(shard: number, now: number): AsyncIterable<readonly T[]>;
}

/** The same reads; what is due is noted as it is read, most overdue first. */
export const notingDue = <T, R extends DueReads<T>>(
  reads: R & DueReads<T>,
  dueAtOf: (item: T) => number | undefined,
  oldest: Oldest,
): R => ({
  ...reads,
  async *due(shard: number, now: number) {
    for await (const page of reads.due(shard, now)) {
      for (const item of page) {
        const dueAt = dueAtOf(item);
        oldest.note(dueAt);
        // The others of the page are no older.
        if (dueAt !== undefined) break;
      }
      yield page;
    }
  },
});
