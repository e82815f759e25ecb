import { randomUUID } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { createDynamoClient, createSqsClient } from '../aws/clients.ts';
import { createActionLog } from '../pass/action-log.ts';
import { assertSomethingAchieved } from '../pass/assert-something-achieved.ts';
import { createSignalEmitter } from '../pass/emit-signals.ts';
import { SERVICES } from '../pass/signals.ts';
import { type BatchResponse, isStreamEvent } from '../pass/stream-records.ts';
import { underItsOwnName } from '../pass/under-its-own-name.ts';
import { readStack } from '../pass/variables.ts';
import { readEnvironment } from './environment.ts';
import { createInspector } from './inspector.ts';
import { parsePassEvent } from './pass-event.ts';
import type { PassRun } from './pass-run.ts';
import { reactTo } from './reaction.ts';
import type { PassReport } from './report/pass-report.ts';
import { signalsOf } from './report/signals-of.ts';

const SERVICE = SERVICES.inspector;
const logger = new Logger({ serviceName: SERVICE });
const emit = createSignalEmitter('inspector', readStack(process.env));
const inspector = createInspector({
  ...readEnvironment(process.env),
  dynamo: createDynamoClient(),
  sqs: createSqsClient(),
});

/**
 * One inspection pass: what the schedule invokes, an operator for recovery, and the tables' streams with what became due.
 *
 * @param event `{ mode?: "inspect" | "recover", jobIds?, fromJobId?, fromTaskId?, scannedThrough?, dryRun?, maxDrops? }`,
 *   see parsePassEvent; or records of the streams of Jobs and Tasks
 * @returns the report of the pass; of records those that are to be delivered again
 * @throws InvalidEventError for an event that asks for anything else
 * @throws NothingAchievedError when there was work and all of it failed; the report is logged before
 */
export const handler = underItsOwnName(
  async (event: unknown, context?: Partial<Context>): Promise<PassReport | BatchResponse> => {
    const passId = context?.awsRequestId ?? randomUUID();
    const run: PassRun = {
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
    };
    const record = createActionLog(SERVICE, passId);
    const onChange: PassRun['onChange'] = (change, { kind }) => record(change, kind);
    if (isStreamEvent(event)) {
      const { report, unreadable, response } = await reactTo(inspector, event, { ...run, onChange });
      if (unreadable.length > 0) logger.error('records that name no item', { passId, unreadable });
      logger.info('reaction', { ...report });
      emit(signalsOf(report));
      return response;
    }
    const request = parsePassEvent(event);
    // A dry run changes nothing.
    const report = await inspector(request, request.dryRun ? run : { ...run, onChange });
    logger.info('inspection pass', { ...report });
    emit(signalsOf(report));
    const { tasks, jobs, segments } = report;
    assertSomethingAchieved(
      report,
      tasks.failed + jobs.failed + segments.failed,
      tasks.movedOn + jobs.movedOn,
    );
    return report;
  },
);
