import { randomUUID } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { createDynamoClient } from '../aws/clients.ts';
import { createActionLog } from '../pass/action-log.ts';
import { assertSomethingAchieved } from '../pass/assert-something-achieved.ts';
import { createSignalEmitter } from '../pass/emit-signals.ts';
import { SERVICES } from '../pass/signals.ts';
import { type BatchResponse, isStreamEvent } from '../pass/stream-records.ts';
import { underItsOwnName } from '../pass/under-its-own-name.ts';
import { readStack, readTableVariables } from '../pass/variables.ts';
import { parseCheckEvent } from './check-event.ts';
import type { CheckRun } from './check-run.ts';
import { createChecker } from './checker.ts';
import { reactTo } from './reaction.ts';
import type { CheckReport } from './report/check-report.ts';
import { signalsOf } from './report/signals-of.ts';

const SERVICE = SERVICES.checker;
const logger = new Logger({ serviceName: SERVICE });
const emit = createSignalEmitter('checker', readStack(process.env));
const checker = createChecker({ ...readTableVariables(process.env), dynamo: createDynamoClient() });

/**
 * One check: what the schedule invokes, an operator for recovery, and the stream of Tasks with tasks that ended.
 *
 * @param event `{ mode?: "check" | "recover", jobIds?, dryRun? }`, see parseCheckEvent; or records of the stream of Tasks
 * @returns the report of the check; of records those that are to be delivered again
 * @throws InvalidEventError for an event that asks for anything else
 * @throws NothingAchievedError when there was work and all of it failed; the report is logged before
 */
export const handler = underItsOwnName(
  async (event: unknown, context?: Partial<Context>): Promise<CheckReport | BatchResponse> => {
    const passId = context?.awsRequestId ?? randomUUID();
    const run: CheckRun = {
      passId,
      remainingMs: () => context?.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY,
      onVerdict: ({ jobId, kind, because }) =>
        logger.debug('verdict', { jobId: String(jobId), kind, because }),
      onOmittedProblems: (groups) => logger.warn('further problems', { passId, problems: groups }),
      onError: (unfinished) => logger.error('check failed', { ...unfinished }),
    };
    const record = createActionLog(SERVICE, passId);
    const onChange: CheckRun['onChange'] = record;
    if (isStreamEvent(event)) {
      const { report, unreadable, response } = await reactTo(checker, event, { ...run, onChange });
      if (unreadable.length > 0) logger.error('records that name no item', { passId, unreadable });
      logger.info('reaction', { ...report });
      emit(signalsOf(report));
      return response;
    }
    const request = parseCheckEvent(event);
    // A dry run changes nothing.
    const report = await checker(request, request.dryRun ? run : { ...run, onChange });
    logger.info('check', { ...report });
    emit(signalsOf(report));
    assertSomethingAchieved(report, report.jobs.failed, report.jobs.movedOn);
    return report;
  },
);
