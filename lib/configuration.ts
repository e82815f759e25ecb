import type { Node } from 'constructs';
import * as v from 'valibot';
import { DEFAULT_DUE_SHARDS } from '../functions/copy-segment/due-index.ts';
import type { TableNames } from '../functions/copy-segment/tables.ts';

/** What a deployment can choose. */
export interface Configuration {
  /** Minutes from one scheduled inspection to the next. */
  readonly scheduleMinutes: number;
  /** Partitions of the `due` index; may only grow. */
  readonly shards: number;
  /** Memory of the function in MiB; its share of a processor grows with it. */
  readonly memoryMiB: number;
  /** Whether the tables go when the stack goes. */
  readonly disposable: boolean;
  /** Tables that exist already, instead of new ones. */
  readonly existingTables?: TableNames;
  /** The scheduler's queue, if it exists already, standard or FIFO. */
  readonly existingQueueArn?: string;
}

export class InvalidConfigurationError extends Error {
  override name = 'InvalidConfigurationError';
}

// `-c name=value` gives text, cdk.json gives JSON.
const whole = (least: number, most: number) =>
  v.pipe(
    v.union(
      [v.number(), v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number))],
      `must be a whole number`,
    ),
    v.integer('must be a whole number'),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );

const yesOrNo = v.pipe(
  v.union([v.boolean(), v.picklist(['true', 'false'])], 'must be true or false'),
  v.transform((value) => value === true || value === 'true'),
);

const tableName = v.pipe(v.string(), v.regex(/^[\w.-]{3,255}$/, 'must be the name of a table'));

const context = v.object({
  // EventBridge Scheduler's finest rate is a minute.
  scheduleMinutes: v.optional(whole(1, 24 * 60), 1),
  shards: v.optional(whole(1, 256), DEFAULT_DUE_SHARDS),
  memoryMiB: v.optional(whole(128, 10_240), 1_024),
  disposable: v.optional(yesOrNo, false),
  jobsTable: v.optional(tableName),
  tasksTable: v.optional(tableName),
  segmentsTable: v.optional(tableName),
  queueArn: v.optional(
    v.pipe(v.string(), v.regex(/^arn:[\w-]+:sqs:[\w-]+:\d{12}:[\w.-]+$/, 'must be the ARN of an SQS queue')),
  ),
});

/** The CDK's own keys have a colon or a slash in them, or begin with cdk or tree. */
const isOurs = (key: string): boolean => /^[A-Za-z]+$/.test(key) && !/^(cdk|tree)/.test(key);

/**
 * Reads the configuration from CDK's context (`cdk deploy -c shards=8`, or `context` in cdk.json).
 *
 * @param region where the stack will be, as far as it is known
 * @throws InvalidConfigurationError that names each key that is wrong, and why
 */
export function readConfiguration(node: Node, region?: string): Configuration {
  const unknown = Object.keys(node.getAllContext()).filter((key) => isOurs(key) && !(key in context.entries));
  if (unknown.length > 0)
    throw new InvalidConfigurationError(
      `context "${unknown.join('", "')}" is not known; known are ${Object.keys(context.entries).join(', ')}`,
    );
  const given = Object.fromEntries(Object.keys(context.entries).map((key) => [key, node.tryGetContext(key)]));
  const parsed = v.safeParse(context, given);
  if (!parsed.success) {
    const reasons = parsed.issues.map((issue) => `context "${v.getDotPath(issue)}" ${issue.message}`);
    throw new InvalidConfigurationError(reasons.join('; '));
  }
  const { jobsTable, tasksTable, segmentsTable, queueArn, ...rest } = parsed.output;
  const names = { jobs: jobsTable, tasks: tasksTable, segments: segmentsTable };
  const named = Object.values(names).filter((name) => name !== undefined);
  if (named.length > 0 && named.length < 3)
    throw new InvalidConfigurationError(
      'context "jobsTable", "tasksTable" and "segmentsTable" go together: name all three, or none',
    );
  const queueRegion = queueArn?.split(':')[3];
  if (region !== undefined && queueRegion !== undefined && queueRegion !== region)
    throw new InvalidConfigurationError(
      `context "queueArn" must be a queue of ${region}, where the stack is deployed, is one of ${queueRegion}`,
    );
  return {
    ...rest,
    ...(named.length === 3 && { existingTables: names as TableNames }),
    ...(queueArn !== undefined && { existingQueueArn: queueArn }),
  };
}
