/**
 * What is due in all shards, most overdue first, in windows that bound what is held in memory. A shard that cannot be
 * read does not stop the others. A window is whoever's who gets it, to empty as well.
 *
 * @param pagesOf the pages of one shard, each ordered by `dueAt`
 * @param onFailure called for a shard that could not be read to its end
 */
export async function* dueWindows<T>(
  pagesOf: (shard: number) => AsyncIterable<readonly T[]>,
  dueAtOf: (item: T) => number,
  onFailure: (shard: number, error: unknown) => void,
  { shards, windowSize }: { readonly shards: number; readonly windowSize: number },
): AsyncGenerator<T[]> {
  const sources = Array.from({ length: shards }, (_, shard) =>
    createSource(pagesOf(shard), (error) => onFailure(shard, error)),
  );
  try {
    for (;;) {
      const window = await nextWindow(sources, dueAtOf, windowSize);
      if (window.length === 0) return;
      yield window;
    }
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
}

/** One shard: the items of its current page that are not yet taken. */
interface Source<T> {
  head(): T | undefined;
  take(): void;
  /** Reads the next page, if the current one is used up and there is one. */
  fill(): Promise<void>;
  close(): Promise<void>;
}

function createSource<T>(pages: AsyncIterable<readonly T[]>, onFailure: (error: unknown) => void): Source<T> {
  const iterator = pages[Symbol.asyncIterator]();
  let page: readonly T[] = [];
  let position = 0;
  let ended = false;
  return {
    head: () => page[position],
    take: () => {
      position++;
      // What was taken is held by whoever took it.
      if (position >= page.length) page = [];
    },
    async fill() {
      while (position >= page.length && !ended) {
        try {
          const result = await iterator.next();
          ended = result.done === true;
          page = result.done ? [] : result.value;
        } catch (error) {
          onFailure(error);
          ended = true;
          page = [];
        }
        position = 0;
      }
    },
    async close() {
      await iterator.return?.();
    },
  };
}

async function nextWindow<T>(
  sources: readonly Source<T>[],
  dueAtOf: (item: T) => number,
  windowSize: number,
): Promise<T[]> {
  const window: T[] = [];
  await Promise.all(sources.map((source) => source.fill()));
  while (window.length < windowSize) {
    const source = mostOverdue(sources, dueAtOf);
    const item = source?.head();
    if (source === undefined || item === undefined) break;
    window.push(item);
    source.take();
    if (source.head() === undefined && window.length < windowSize) await source.fill();
  }
  return window;
}

function mostOverdue<T>(sources: readonly Source<T>[], dueAtOf: (item: T) => number): Source<T> | undefined {
  let found: Source<T> | undefined;
  let since = Number.POSITIVE_INFINITY;
  for (const source of sources) {
    const head = source.head();
    if (head === undefined) continue;
    const dueAt = dueAtOf(head);
    if (found === undefined || dueAt < since) {
      found = source;
      since = dueAt;
    }
  }
  return found;
}
