import { createDynamoClient, createSqsClient } from '../../functions/aws/clients.ts';
import { createChecker } from '../../functions/checker/checker.ts';
import { createInspector } from '../../functions/inspector/inspector.ts';
import { createSubmit } from '../../functions/submit/submit.ts';
import { mappings, RESTORE } from '../data/restore.ts';
import { NOW, SHARDS } from '../data/rows.ts';
import { TABLES } from '../data/tables.ts';
import type { Assignment, Done } from './assignment.ts';
import { contend } from './contend.ts';
import { sdkConfig } from './sdk-config.ts';

/** Lambda's longest invocation. */
const REMAINING_MS = 900_000;

/** This project, as it is deployed. */
async function project(assignment: Assignment): Promise<Done> {
  const dynamo = createDynamoClient(sdkConfig(assignment));
  // What is measured is drops, not the guard against too many of them.
  const common = { dynamo, tables: TABLES, shards: SHARDS, maxDrops: Number.POSITIVE_INFINITY };
  // A clock that stands still: by a real one, a slow machine would read jobs again more often than a fast one.
  const standing = { ...common, now: () => NOW };
  const { work, segments, minuteMs } = assignment;

  if (work === 'submit') {
    const submit = createSubmit(standing);
    return finished(await submit(RESTORE, () => mappings(segments)));
  }
  if (work === 'check') {
    const report = await createChecker(standing)({ mode: 'check', dryRun: false });
    return finished(report);
  }
  const sqs = createSqsClient(sdkConfig(assignment));
  const queue = { sqs, queueUrl: assignment.queueUrl };
  if (work === 'minute') {
    const startedAt = performance.now();
    const inspect = createInspector({
      ...common,
      ...queue,
      now: () => NOW + Math.round(performance.now() - startedAt),
      inspectMs: minuteMs,
    });
    return finished(await inspect({ mode: 'inspect', dryRun: false }, remaining(startedAt)));
  }
  const inspector = createInspector({ ...standing, ...queue });
  return finished(await inspector({ mode: work, dryRun: false }));
}

const finished = (report: object): Done => ({
  logBytes: JSON.stringify(report, (_, value) => (typeof value === 'bigint' ? String(value) : value)).length,
});

const remaining = (startedAt: number) => ({
  remainingMs: () => REMAINING_MS - (performance.now() - startedAt),
});

await contend(project);
