import type { Assignment } from './assignment.ts';

/**
 * As every contender calls the engines. Without a time-out: on a busy machine requests would be made again, and counted.
 */
export const sdkConfig = ({ endpoint }: Assignment) => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  requestHandler: { requestTimeout: 0 },
});
