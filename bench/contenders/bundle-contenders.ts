import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { esbuildOptions } from '../bundles/esbuild-options.ts';

export const CONTENDERS = ['naive', 'project', 'floor'] as const;
export type Contender = (typeof CONTENDERS)[number];

export interface ContenderBundles {
  /** Where each contender's program is. */
  readonly files: Readonly<Record<Contender, string>>;
  remove(): Promise<void>;
}

/** Bundles each contender as functions are deployed: what Node does to run TypeScript costs memory and time. */
export async function bundleContenders(): Promise<ContenderBundles> {
  const folder = await mkdtemp(join(tmpdir(), 'copy-segment-bench-'));
  await build({
    ...esbuildOptions,
    entryPoints: CONTENDERS.map((name) => join(import.meta.dirname, `${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
  });
  const files = Object.fromEntries(CONTENDERS.map((name) => [name, join(folder, `${name}.mjs`)]));
  return {
    files: files as Record<Contender, string>,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
