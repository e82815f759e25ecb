import { randomUUID } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { createDynamoClient } from '../aws/clients.ts';
import { createActionLog } from '../pass/action-log.ts';
import { assertSomethingAchieved } from '../pass/assert-something-achieved.ts';
import { createSignalEmitter } from '../pass/emit-signals.ts';
import { SERVICES } from '../pass/signals.ts';
import { readStack, readTableVariables } from '../pass/variables.ts';
import { parseCheckEvent } from './check-event.ts';
import { createChecker } from './checker.ts';
import type { CheckReport } from './report/check-report.ts';
import { signalsOf } from './report/signals-of.ts';

const SERVICE = SERVICES.checker;
const logger = new Logger({ serviceName: SERVICE });
const emit = createSignalEmitter('checker', readStack(process.env));
const checker = createChecker({ ...readTableVariables(process.env), dynamo: createDynamoClient() });

/**
 * One check: what the schedule invokes, and an operator for recovery.
 *
 * @param event `{ mode?: "check" | "recover", jobIds?, dryRun? }`, see parseCheckEvent
 * @throws InvalidEventError for an event that asks for anything else
 * @throws NothingAchievedError when there was work and all of it failed; the report is logged before
 */
export async function handler(event: unknown, context?: Partial<Context>): Promise<CheckReport> {
  const request = parseCheckEvent(event);
  const passId = context?.awsRequestId ?? randomUUID();
  const report = await checker(request, {
    passId,
    remainingMs: () => context?.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY,
    onVerdict: ({ jobId, kind, because }) => logger.debug('verdict', { jobId: String(jobId), kind, because }),
    // A dry run changes nothing.
    ...(!request.dryRun && { onChange: createActionLog(SERVICE, passId) }),
    onOmittedProblems: (groups) => logger.warn('further problems', { passId, problems: groups }),
    onError: (unfinished) => logger.error('check failed', { ...unfinished }),
  });
  logger.info('check', { ...report });
  emit(signalsOf(report));
  assertSomethingAchieved(report, report.jobs.failed, report.jobs.movedOn);
  return report;
}
