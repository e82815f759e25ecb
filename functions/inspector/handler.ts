import { randomUUID } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { createDynamoClient, createSqsClient } from '../aws/clients.ts';
import { readEnvironment } from './environment.ts';
import { createInspector } from './inspector.ts';
import { parsePassEvent } from './pass-event.ts';
import type { PassReport } from './report/pass-report.ts';

const logger = new Logger({ serviceName: 'copy-segment-inspector' });
const inspector = createInspector({
  ...readEnvironment(process.env),
  dynamo: createDynamoClient(),
  sqs: createSqsClient(),
});

/**
 * One inspection pass: what the schedule invokes, and an operator for recovery.
 *
 * @param event `{ mode?: "inspect" | "recover", jobIds?, fromJobId?, fromTaskId?, scannedThrough?, dryRun? }`, see parsePassEvent
 * @throws InvalidEventError for an event that asks for anything else
 */
export async function handler(event: unknown, context?: Partial<Context>): Promise<PassReport> {
  const request = parsePassEvent(event);
  const passId = context?.awsRequestId ?? randomUUID();
  const report = await inspector(request, {
    passId,
    remainingMs: () => context?.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY,
    onVerdict: ({ jobId, taskId, kind, because }) =>
      logger.debug('verdict', {
        jobId: String(jobId),
        ...(taskId !== undefined && { taskId: String(taskId) }),
        kind,
        because,
      }),
    onOmittedProblems: (groups) => logger.warn('further problems', { passId, problems: groups }),
    onError: (unfinished) => logger.error('inspection pass failed', { ...unfinished }),
  });
  logger.info('inspection pass', { ...report });
  return report;
}
