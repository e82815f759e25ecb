import { randomUUID } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { createDynamoClient, createSqsClient } from '../aws/clients.ts';
import { readEnvironment } from './environment.ts';
import { createInspector } from './inspector.ts';
import { parsePassEvent } from './pass-event.ts';
import type { PassReport, Problem } from './report/pass-report.ts';

const logger = new Logger({ serviceName: 'copy-segment-inspector' });
const inspector = createInspector({
  ...readEnvironment(process.env),
  dynamo: createDynamoClient(),
  sqs: createSqsClient(),
});

/** So many problems go into one log line when the report has no room for more: CloudWatch Logs takes 256 kB. */
const PROBLEMS_PER_LINE = 100;

/**
 * One inspection pass: what the schedule invokes, and an operator for recovery.
 *
 * @param event `{ mode?: "inspect" | "recover", jobIds?, fromJobId?, dryRun? }`, see parsePassEvent
 * @throws InvalidEventError for an event that asks for anything else
 */
export async function handler(event: unknown, context?: Partial<Context>): Promise<PassReport> {
  const request = parsePassEvent(event);
  const passId = context?.awsRequestId ?? randomUUID();
  let omitted: Problem[] = [];
  const logOmitted = (): void => {
    if (omitted.length > 0) logger.warn('further problems', { passId, problems: omitted });
    omitted = [];
  };

  const report = await inspector(request, {
    passId,
    remainingMs: () => context?.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY,
    onOmittedProblem: (problem) => {
      omitted.push(problem);
      if (omitted.length === PROBLEMS_PER_LINE) logOmitted();
    },
    onVerdict: ({ jobId, taskId, kind, because }) =>
      logger.debug('verdict', {
        jobId: String(jobId),
        ...(taskId && { taskId: String(taskId) }),
        kind,
        because,
      }),
    onError: (unfinished) => {
      logOmitted();
      logger.error('inspection pass failed', { ...unfinished });
    },
  });
  logOmitted();
  logger.info('inspection pass', { ...report });
  return report;
}
