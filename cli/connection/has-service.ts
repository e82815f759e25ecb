import type { Connection } from './connection.ts';

/** As the SDK's variables name them: `AWS_ENDPOINT_URL_CLOUDWATCH`. */
type Service = 'CLOUDWATCH' | 'CLOUDWATCH_LOGS';

/**
 * Whether a service can be asked. An endpoint of somebody's own for tables or queue is an emulator of just these, and AWS
 * knows nothing of it; one endpoint for everything, where a stack was found, has what a stack consists of.
 */
export function hasService(
  { isEmbedded, alarmNamePrefix }: Pick<Connection, 'isEmbedded' | 'alarmNamePrefix'>,
  service: Service,
  env: NodeJS.ProcessEnv = process.env,
): boolean {
  if (isEmbedded) return false;
  if (env[`AWS_ENDPOINT_URL_${service}`]) return true;
  if (env.AWS_ENDPOINT_URL_DYNAMODB || env.AWS_ENDPOINT_URL_SQS) return false;
  const isFromStack = alarmNamePrefix !== undefined;
  return !env.AWS_ENDPOINT_URL || isFromStack;
}
