import { Duration } from 'aws-cdk-lib';
import { EventSourceMapping, FilterCriteria, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { CHECKER_WINDOW_MS, WAKES_CHECKER_ON_TASKS } from '../functions/checker/wake-patterns.ts';
import { WAKES_INSPECTOR_ON_JOBS, WAKES_INSPECTOR_ON_TASKS } from '../functions/inspector/wake-patterns.ts';
import type { EventPattern } from '../functions/pass/event-pattern.ts';
import { MetadataTables, type StreamArns } from './metadata-tables.ts';
import type { ScheduledPass } from './scheduled-pass.ts';

/**
 * What a submit writes in half a second or so. An invocation takes 6 MB, with both images of a task: 1,000 in compact form are below
 * that. Of tasks in list form, 18 kB each, Lambda hands over some 300 at once, and the others in the next batch.
 */
const BATCH_SIZE = 1_000;

/** A record that failed this often, or is this old, is about something that the schedule has seen by then. */
const MAX_RETRIES = 3;
const MAX_RECORD_AGE = Duration.minutes(5);

/**
 * None for the inspector: a restore is to start at once, and under load the records that come while an invocation works
 * are the next batch.
 */
const INSPECTOR_WINDOW = Duration.seconds(0);
const CHECKER_WINDOW = Duration.millis(CHECKER_WINDOW_MS);

export interface ReactionsProps {
  readonly streams: StreamArns;
  readonly inspector: ScheduledPass;
  readonly checker?: ScheduledPass | undefined;
}

/**
 * What wakes the functions beside their schedules: the streams of Jobs and Tasks, of which they get no more than the
 * patterns let through. They are the functions that the schedules invoke, so that the last pass has left one warm.
 */
export class Reactions extends Construct {
  constructor(scope: Construct, id: string, { streams, inspector, checker }: ReactionsProps) {
    super(scope, id);
    this.wake('InspectorOnTasks', inspector, streams.tasks, WAKES_INSPECTOR_ON_TASKS, INSPECTOR_WINDOW);
    this.wake('InspectorOnJobs', inspector, streams.jobs, WAKES_INSPECTOR_ON_JOBS, INSPECTOR_WINDOW);
    if (checker) this.wake('CheckerOnTasks', checker, streams.tasks, WAKES_CHECKER_ON_TASKS, CHECKER_WINDOW);
  }

  private wake(
    id: string,
    { function: target, role, failedPasses }: ScheduledPass,
    eventSourceArn: string,
    patterns: readonly EventPattern[],
    maxBatchingWindow: Duration,
  ): void {
    MetadataTables.grantStream(role, eventSourceArn);
    const mapping = new EventSourceMapping(this, id, {
      target,
      eventSourceArn,
      filters: patterns.map((pattern) => FilterCriteria.filter(pattern)),
      // What was due before the streams were read is the schedule's.
      startingPosition: StartingPosition.LATEST,
      batchSize: BATCH_SIZE,
      maxBatchingWindow,
      // One invocation per shard at a time: two about the same job would send its tasks twice.
      parallelizationFactor: 1,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      retryAttempts: MAX_RETRIES,
      maxRecordAge: MAX_RECORD_AGE,
      // The function may write there already.
      onFailure: { bind: () => ({ destination: failedPasses.queueArn }) },
    });
    // Lambda tries the stream as the role when the mapping is created.
    mapping.node.addDependency(role);
  }
}
