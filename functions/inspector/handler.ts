import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { createDynamoClient, createSqsClient } from './aws/clients.ts';
import { readEnvironment } from './environment.ts';
import { createInspector } from './inspector.ts';
import { parsePassEvent } from './pass-event.ts';
import type { PassReport } from './pass-report.ts';

const { inspectMs, ...environment } = readEnvironment(process.env);
const logger = new Logger({ serviceName: 'copy-segment-inspector' });
const inspector = createInspector({ ...environment, dynamo: createDynamoClient(), sqs: createSqsClient() });

/**
 * One inspection pass: what the schedule invokes, and an operator for recovery.
 *
 * @param event `{ mode?: "inspect" | "recover", jobIds?, fromJobId?, dryRun? }`, see parsePassEvent
 * @throws InvalidEventError for an event that asks for anything else
 */
export async function handler(event: unknown, context?: Partial<Context>): Promise<PassReport> {
  const request = parsePassEvent(event);
  const invokedAt = Date.now();
  // An inspection ends before the schedule starts the next one: two of them would send the same messages.
  const inspectionMs = (): number =>
    request.mode === 'inspect' ? invokedAt + inspectMs - Date.now() : Number.POSITIVE_INFINITY;
  const invocationMs = (): number => context?.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY;

  const report = await inspector(request, {
    ...(context?.awsRequestId && { passId: context.awsRequestId }),
    remainingMs: () => Math.min(inspectionMs(), invocationMs()),
    onOmittedProblem: ({ key, kind, reason }) =>
      logger.warn('problem', { passId: context?.awsRequestId, key, kind, reason }),
    onVerdict: ({ jobId, taskId, kind, because }) =>
      logger.debug('verdict', {
        jobId: String(jobId),
        ...(taskId && { taskId: String(taskId) }),
        kind,
        because,
      }),
  });
  logger.info('inspection pass', { ...report });
  return report;
}
