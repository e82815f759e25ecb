import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const MIB = 2 ** 20;

/** What a program of test/support prints, which measures itself in a process of its own. */
async function measured<T>(program: string, size: number): Promise<T> {
  const file = join(import.meta.dirname, 'support', program);
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', file, String(size)]);
  return JSON.parse(stdout);
}

describe('the memory of an inspection', { timeout: 900_000 }, () => {
  interface Inspected {
    readonly complete: boolean;
    readonly sent: number;
    /** Bytes. */
    readonly held: number;
  }

  it('is that of a window, however much is due', async () => {
    const [few, many] = [
      await measured<Inspected>('measure-inspection.ts', 20_000),
      await measured<Inspected>('measure-inspection.ts', 60_000),
    ];
    expect(many).toMatchObject({ complete: true, sent: 60_000 });
    expect(many.held - few.held).toBeLessThan(MIB);
    // A window of 10,000 tasks, and of the next what its shards were asked for at once.
    expect(many.held).toBeLessThan(10 * MIB);
  });
});

describe('the memory of a recovery', { timeout: 900_000 }, () => {
  /** Bytes. */
  interface Alive {
    readonly heap: number;
    readonly arrays: number;
  }
  interface Recovered {
    readonly complete: boolean;
    readonly tasks: number;
    readonly alive: readonly Alive[];
  }
  const most = (of: keyof Alive, samples: readonly Alive[]): number =>
    Math.max(...samples.map((sample) => sample[of]));

  it('grows by eight bytes for each job, and by nothing else', async () => {
    const [few, many] = [
      await measured<Recovered>('measure-recovery.ts', 10_000),
      await measured<Recovered>('measure-recovery.ts', 100_000),
    ];
    // A task for each job, and a tenth as many whose job is missing.
    expect(many).toMatchObject({ complete: true, tasks: 110_000 });
    expect(many.alive).toHaveLength(20);
    expect((most('arrays', many.alive) - most('arrays', few.alive)) / 90_000).toBeLessThan(8.5);
    expect(most('heap', many.alive.slice(10)) - most('heap', many.alive.slice(0, 10))).toBeLessThan(MIB);
  });
});
