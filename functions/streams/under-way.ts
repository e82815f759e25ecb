/** Work that was started and is not waited for one by one. */
export interface UnderWay {
  readonly size: number;
  start(work: Promise<void>): void;
  /** Waits until some of it has ended; at once if there is none. Throws what it failed with. */
  someEnded(): Promise<void>;
  /** Waits until all of it has ended, however it ends. */
  settled(): Promise<void>;
}

export function createUnderWay(): UnderWay {
  const works = new Set<Promise<void>>();
  return {
    get size() {
      return works.size;
    },
    start(work) {
      const tracked = work.finally(() => works.delete(tracked));
      works.add(tracked);
      // Whoever waits for it sees the failure; nobody may be waiting yet.
      tracked.catch(() => {});
    },
    async someEnded() {
      if (works.size > 0) await Promise.race(works);
    },
    async settled() {
      await Promise.allSettled(works);
    },
  };
}
