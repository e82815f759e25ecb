import type { BuildOptions } from 'esbuild';
import { BUNDLING } from '../../lib/bundling.ts';

const { minify, target, mainFields, externalModules, banner } = BUNDLING;

/** What CDK tells esbuild when it bundles a function. */
export const esbuildOptions: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'error',
  ...(minify !== undefined && { minify }),
  ...(target !== undefined && { target }),
  ...(mainFields && { mainFields }),
  ...(externalModules && { external: externalModules }),
  ...(banner !== undefined && { banner: { js: banner } }),
};
