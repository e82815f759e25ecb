import type { Meter } from '../../functions/aws/metered-clients.ts';
import type { LazyClients } from './connection.ts';
import { counted } from './counted.ts';

/** A pass takes 15 minutes at most. */
const PASS_MS = 16 * 60_000;

/** What a command's clients are made with, besides what the SDK finds itself. */
export interface ClientOptions {
  readonly profile?: string;
  readonly region?: string;
}

/** @returns the clients, and what ends those that were made */
export function lazyClients(
  options: ClientOptions,
  meter: Meter,
): { readonly aws: LazyClients; destroy(): void } {
  const made: { destroy(): void }[] = [];
  const once = <C extends { readonly middlewareStack: object; destroy(): void }>(
    make: () => Promise<C>,
  ): (() => Promise<C>) => {
    let client: Promise<C> | undefined;
    return () => {
      client ??= make().then((ready) => {
        made.push(ready);
        return counted(ready, meter);
      });
      return client;
    };
  };
  return {
    aws: {
      lambda: once(async () => {
        const { LambdaClient } = await import('@aws-sdk/client-lambda');
        // An invocation that is tried again is another pass.
        return new LambdaClient({
          ...options,
          maxAttempts: 1,
          requestHandler: { requestTimeout: PASS_MS, throwOnRequestTimeout: true },
        });
      }),
      scheduler: once(async () => {
        const { SchedulerClient } = await import('@aws-sdk/client-scheduler');
        return new SchedulerClient(options);
      }),
      cloudWatch: once(async () => {
        const { CloudWatchClient } = await import('@aws-sdk/client-cloudwatch');
        return new CloudWatchClient(options);
      }),
      logs: once(async () => {
        const { CloudWatchLogsClient } = await import('@aws-sdk/client-cloudwatch-logs');
        return new CloudWatchLogsClient(options);
      }),
    },
    destroy() {
      for (const client of made) client.destroy();
    },
  };
}
