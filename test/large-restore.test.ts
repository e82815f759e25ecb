import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { end, plain, START, start, terminal } from './support/command-line.ts';

const MEASURE = join(import.meta.dirname, 'support/measure-load.ts');
const MIB = 2 ** 20;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'large-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A restore of so many segments. */
async function restoreOf(segments: number): Promise<string> {
  const path = join(folder, `${segments}.ndjson`);
  function* lines(): Generator<string> {
    for (let n = 0; n < segments; n++) {
      const ID = String(449_999_999_999_000_000n + BigInt(n));
      const segment = {
        ID,
        collectionID: '7',
        partitionID: '3',
        state: 'Sealed',
        dropReason: `${'x'.repeat(400)}${n}`,
      };
      yield `${JSON.stringify({ segment })}\n`;
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
  return path;
}

describe('a large restore', () => {
  // How long it takes is up to the engine and the machine; what is held is not.
  it('is loaded in memory that does not grow with it: 100,000 lines hold no more than 10,000', {
    timeout: 600_000,
  }, async () => {
    const measure = async (segments: number) => {
      const path = await restoreOf(segments);
      const { stdout } = await promisify(execFile)(process.execPath, [
        '--expose-gc',
        MEASURE,
        path,
        inject('dynamoEndpoint'),
        inject('sqsEndpoint'),
      ]);
      const { peak, lines, loaded } = JSON.parse(stdout);
      expect({ lines, loaded }).toEqual({ lines: segments, loaded: segments });
      return { peak, bytes: (await stat(path)).size };
    };
    const small = await measure(10_000);
    const large = await measure(100_000);
    expect(large.bytes - small.bytes).toBeGreaterThan(40 * MIB);
    expect(large.peak - small.peak).toBeLessThan(8 * MIB);
  });

  it.runIf(process.platform === 'linux')('shows how far it is in a terminal, and nowhere else', async () => {
    const path = await restoreOf(3_000);
    const shown = plain(
      (await end(terminal(`${process.execPath} ${START} --dry-run --file ${path}`))).stdout,
    );
    expect(shown).toMatch(/Checking .*%/);
    expect(shown).toMatch(/Loading .*%/);
    expect(shown).toContain('Loaded 0 jobs, 0 tasks, 3000 segments');
    expect((await start(['--dry-run', '--file', path])).stderr).toBe('');
  });
});
