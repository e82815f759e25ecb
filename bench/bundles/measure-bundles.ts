import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BuildOptions, build } from 'esbuild';
import type { Deployment } from './synthesise.ts';

export interface BundleMeasurement {
  readonly name: string;
  readonly bytes: number;
  /** From the start of its import until its handler can be called, user and system: the median. */
  readonly loadCpuMs: number;
  /** The least and the most. */
  readonly loadCpuRangeMs?: readonly [number, number];
}

export const TWO_CLIENTS = 'the two clients';

/** Loads a bundle, and prints the processor time that it took, in microseconds. */
const LOAD = `
const before = process.cpuUsage();
const { handler } = await import(process.argv[1]);
const { user, system } = process.cpuUsage(before);
if (typeof handler !== 'function') throw new Error('no handler');
process.stdout.write(String(user + system));
process.exit();`;

/** What Lambda sets by itself. */
const LAMBDA = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench' };

/** As a reader of esbuild's and CDK's manuals bundles a function: modules rather than CommonJS, so that what is unused stays out. */
const AS_EVERYBODY = {
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  mainFields: ['module', 'main'],
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
} satisfies BuildOptions;

/** @param times how often each is loaded, in turn, so that a busy moment meets all of them */
export async function measureBundles({ functions }: Deployment, times: number): Promise<BundleMeasurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'copy-segment-bench-'));
  try {
    const outfile = join(folder, 'two-clients.mjs');
    await build({
      ...AS_EVERYBODY,
      entryPoints: [join(import.meta.dirname, 'two-clients.ts')],
      outfile,
      logLevel: 'error',
    });
    const bundles = [...functions, { name: TWO_CLIENTS, file: outfile, variables: {} }];

    const loads = new Map<string, number[]>(bundles.map(({ name }) => [name, []]));
    for (let turn = 0; turn < times; turn++)
      for (const { name, file, variables } of bundles)
        loads.get(name)?.push(await loadCpuMs(file, variables));
    return await Promise.all(
      bundles.map(async ({ name, file }) => ({
        name,
        bytes: (await stat(file)).size,
        loadCpuMs: median(loads.get(name) ?? []),
        loadCpuRangeMs: [Math.min(...(loads.get(name) ?? [])), Math.max(...(loads.get(name) ?? []))] as const,
      })),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function loadCpuMs(file: string, variables: Readonly<Record<string, string>>): Promise<number> {
  const env = { ...LAMBDA, ...variables };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', LOAD, file], {
    env,
  });
  return Number(stdout) / 1_000;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
