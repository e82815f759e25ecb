/**
 * What is due in all shards, the longest due first, in windows that bound what is held in memory.
 *
 * @param pagesOf the pages of one shard, each ordered by `dueAt`
 */
export async function* dueWindows<T extends { readonly dueAt?: number }>(
  pagesOf: (shard: number) => AsyncIterable<readonly T[]>,
  shards: number,
  windowSize: number,
): AsyncGenerator<T[]> {
  const sources = Array.from({ length: shards }, (_, shard) => createSource(pagesOf(shard)));
  for (;;) {
    const window = await nextWindow(sources, windowSize);
    if (window.length === 0) return;
    yield window;
  }
}

/** One shard: the items of its current page that are not yet taken. */
interface Source<T> {
  head(): T | undefined;
  take(): void;
  /** Reads on, if the current page is used up and there is another one. */
  fill(): Promise<void>;
}

function createSource<T>(pages: AsyncIterable<readonly T[]>): Source<T> {
  const iterator = pages[Symbol.asyncIterator]();
  let page: readonly T[] = [];
  let position = 0;
  let ended = false;
  return {
    head: () => page[position],
    take: () => {
      position++;
    },
    async fill() {
      while (position >= page.length && !ended) {
        const result = await iterator.next();
        ended = result.done === true;
        page = result.done ? [] : result.value;
        position = 0;
      }
    },
  };
}

async function nextWindow<T extends { readonly dueAt?: number }>(
  sources: readonly Source<T>[],
  windowSize: number,
): Promise<T[]> {
  const window: T[] = [];
  await Promise.all(sources.map((source) => source.fill()));
  while (window.length < windowSize) {
    const source = longestDue(sources);
    const item = source?.head();
    if (source === undefined || item === undefined) break;
    window.push(item);
    source.take();
    if (source.head() === undefined) await source.fill();
  }
  return window;
}

function longestDue<T extends { readonly dueAt?: number }>(
  sources: readonly Source<T>[],
): Source<T> | undefined {
  let longest: Source<T> | undefined;
  let since = Number.POSITIVE_INFINITY;
  for (const source of sources) {
    const dueAt = source.head()?.dueAt;
    if (dueAt !== undefined && dueAt < since) {
      longest = source;
      since = dueAt;
    }
  }
  return longest;
}
