import { describe, expect, it } from 'vitest';
import type { Change } from '../functions/copy-segment/change.ts';
import { job, NOW, segment, task } from './support/builders.ts';
import { checkerWorld, copied, submitted } from './support/checker-world.ts';

/** Every row of the table, and every end of a publication. */
const everyCase = () => [
  ...copied(3, 60, 1n),
  submitted(1, 1, { jobId: 2n, state: 'Pending' }),
  task({ jobId: 2n, targets: [20n] }),
  submitted(2, 2, { jobId: 3n }),
  task({ jobId: 3n, state: 'Failed', reason: 'disk', targets: [30n] }),
  submitted(2, 2, { jobId: 4n, timeoutAt: NOW }),
  job({ jobId: 5n, state: 'Completed', dueAt: NOW }),
  job({ jobId: 6n, state: 'Failed', dueAt: NOW }),
  job({ jobId: 7n, state: 'Paused' as 'Pending', dueAt: NOW }),
  ...copied(2, 3, 8n).filter(({ item }) => item.segmentId !== 7_000_004n),
  ...copied(2, 3, 9n).filter(({ item }) => item.segmentId !== 8_000_004n),
  segment(8_000_004n, 'Flushed', { jobId: 9n, publishedAt: NOW - 1, isImporting: false }),
  submitted(1, 5, { jobId: 10n }),
  task({ jobId: 10n, state: 'Completed', targets: [100n] }),
  job({ jobId: 11n, dueAt: null }),
];

describe('a dry run of a check', () => {
  it.each(['check', 'recover'])(
    'of mode %s reports what it would do, to the end of each publication, and does none of it',
    async (mode) => {
      const world = await checkerWorld();
      await world.has(everyCase());
      const before = await world.items();
      const planned: Change[] = [];
      const dry = await world.check({ mode, dryRun: true }, { onChange: (change) => planned.push(change) });
      expect(await world.items()).toEqual(before);
      expect(dry.capacity.writeUnits).toBe(0);
      for (const operation of ['BatchExecuteStatement', 'UpdateItem', 'TransactWriteItems'])
        expect(dry.requests.byOperation).not.toHaveProperty(operation);

      const real = await world.check({ mode });
      const comparable = ({
        passId,
        dryRun,
        durationMs,
        requests,
        capacity,
        problems,
        ...rest
      }: typeof real) => ({
        ...rest,
        // Looks are side by side: problems come as they end.
        problems: [...problems].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
      });
      expect(comparable(dry)).toEqual(comparable(real));
      expect(dry.dryRun).toBe(true);
      if (mode === 'recover') expect(real.jobs.marked).toBe(1);
      else {
        expect(real.verdicts).toEqual({
          fail: 2,
          start: 1,
          publish: 3,
          publishOn: 0,
          wait: 2,
          leave: 1,
          untouched: 0,
          malformed: 2,
        });
        expect(real.segments).toEqual({ published: 180 + 5, alreadyPublished: 1, lost: 1 });
        expect(await world.job(8n)).toMatchObject({ state: 'Failed', reason: 'target 7000004 is missing' });
      }
      expect(planned.length).toBeGreaterThan(0);
    },
  );
});
