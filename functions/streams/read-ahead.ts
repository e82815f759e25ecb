/** Yields what the source yields, and reads the next piece while the caller is working on this one. */
export async function* readAhead<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = iterator.next();
      // Whoever stops early never awaits it; its failure must not end the process.
      next.catch(() => {});
      yield value;
    }
  } finally {
    // Whoever stops early is not kept waiting for a read that is under way.
    iterator.return?.()?.catch(() => {});
  }
}
