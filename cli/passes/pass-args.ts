import type { Connection } from '../connection/connection.ts';
import type { PassOptions } from './pass-options.ts';
import type { AnyReport } from './report-text.ts';

type Functions = Pick<Connection, 'inspector' | 'checker' | 'isEmbedded'>;

/** The arguments of a pass by hand: by the deployed function, or in this process where none is named. */
export function passArgs(
  mode: AnyReport['mode'],
  { jobs, maxDrops, local }: Pick<PassOptions, 'jobs' | 'maxDrops' | 'local'>,
  { inspector, checker, isEmbedded }: Functions,
): string[] {
  const { functionName } = mode === 'check' ? checker : inspector;
  const isLocal = local === true || (functionName === undefined && !isEmbedded);
  return [
    mode,
    ...(isLocal ? ['--local'] : []),
    ...(jobs === undefined ? [] : ['--jobs', jobs.join(',')]),
    ...(maxDrops === undefined ? [] : ['--max-drops', String(maxDrops)]),
  ];
}
