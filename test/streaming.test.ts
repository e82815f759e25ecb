import { describe, expect, it } from 'vitest';
import { dueWindows } from '../functions/streams/due-windows.ts';
import { readAhead } from '../functions/streams/read-ahead.ts';

/** Pages that count themselves as they are read. */
function countedPages(pages: number, itemsOf: (page: number) => { dueAt: number }[]) {
  const seen = { read: 0 };
  async function* read(): AsyncGenerator<{ dueAt: number }[]> {
    for (let page = 0; page < pages; page++) {
      seen.read++;
      yield itemsOf(page);
    }
  }
  return { seen, read };
}

const windowsOf = (
  pagesOf: (shard: number) => AsyncGenerator<{ dueAt: number }[]>,
  windowSize: number,
  onFailure: (shard: number, error: unknown) => void = () => {},
) => dueWindows(pagesOf, ({ dueAt }) => dueAt, onFailure, { shards: 4, windowSize });

describe('reading ahead', () => {
  it('reads the next piece while the one before is acted on, and no further', async () => {
    const { seen, read } = countedPages(10, (page) => [{ dueAt: page }]);
    const readWhenActing: number[] = [];
    for await (const [item] of readAhead(read())) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(item?.dueAt).toBe(readWhenActing.length);
      readWhenActing.push(seen.read);
    }
    expect(readWhenActing).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 10]);
  });

  it('passes on what the source fails with, and leaves no rejection behind when nobody awaits it', async () => {
    async function* failing(): AsyncGenerator<number> {
      yield 1;
      throw new Error('gone');
    }
    const seen: number[] = [];
    const all = async (): Promise<void> => {
      for await (const item of readAhead(failing())) seen.push(item);
    };
    await expect(all()).rejects.toThrow('gone');
    expect(seen).toEqual([1]);
    for await (const item of readAhead(failing())) if (item === 1) break;
  });
});

describe('windows of what is due', () => {
  it('merge the shards, most overdue first', async () => {
    const shards = [[[1, 4], [9]], [[2, 3, 8]], [], [[5, 6, 7]]];
    async function* pagesOf(shard: number): AsyncGenerator<{ dueAt: number }[]> {
      for (const page of shards[shard] ?? []) yield page.map((dueAt) => ({ dueAt }));
    }
    const windows: number[][] = [];
    for await (const window of windowsOf(pagesOf, 4)) windows.push(window.map(({ dueAt }) => dueAt));
    expect(windows).toEqual([[1, 2, 3, 4], [5, 6, 7, 8], [9]]);
  });

  it('hold a window and a page of each shard, however much is due', async () => {
    const shards = [0, 1, 2, 3].map((shard) =>
      countedPages(100, (page) =>
        Array.from({ length: 10 }, (_, n) => ({ dueAt: page * 40 + n * 4 + shard })),
      ),
    );
    let taken = 0;
    for await (const window of windowsOf((shard) => (shards[shard] as (typeof shards)[number]).read(), 100)) {
      taken += window.length;
      const read = shards.reduce((sum, { seen }) => sum + seen.read * 10, 0);
      expect(read - (taken - window.length)).toBeLessThanOrEqual(100 + 4 * 10);
    }
    expect(taken).toBe(4_000);
  });

  it('do without a shard that cannot be read to its end, and report it', async () => {
    async function* pagesOf(shard: number): AsyncGenerator<{ dueAt: number }[]> {
      yield [{ dueAt: shard }];
      if (shard === 2) throw new Error('throttled');
      yield [{ dueAt: 10 + shard }];
    }
    const failures: [number, unknown][] = [];
    const windows: number[][] = [];
    const source = windowsOf(pagesOf, 100, (shard, error) => failures.push([shard, error]));
    for await (const window of source) windows.push(window.map(({ dueAt }) => dueAt));
    expect(windows).toEqual([[0, 1, 2, 3, 10, 11, 13]]);
    expect(failures).toEqual([[2, new Error('throttled')]]);
  });

  it('close the shards when whoever reads them stops early', async () => {
    const closed: number[] = [];
    async function* pagesOf(shard: number): AsyncGenerator<{ dueAt: number }[]> {
      try {
        for (let dueAt = shard; ; dueAt += 4) yield [{ dueAt }];
      } finally {
        closed.push(shard);
      }
    }
    for await (const _ of windowsOf(pagesOf, 2)) break;
    expect(closed.sort()).toEqual([0, 1, 2, 3]);
  });
});
