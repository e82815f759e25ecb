import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Node } from 'constructs';
import * as v from 'valibot';
import { DEFAULT_DUE_SHARDS } from '../functions/copy-segment/due-index.ts';
import type { TableNames } from '../functions/copy-segment/tables.ts';
import { DEFAULT_MAX_DROPS } from '../functions/inspector/drop-guard.ts';
import type { Place } from '../functions/worker-s3/transfer.ts';

/** What a deployment can choose. */
export interface Configuration {
  /** Minutes from one scheduled inspection to the next. */
  readonly scheduleMinutes: number;
  /** Partitions of the `due` index; may only grow. */
  readonly shards: number;
  /** Memory of the function in MiB; its share of a processor grows with it. */
  readonly memoryMiB: number;
  /** How many segments a pass may drop; 0: none, unless its event says otherwise. */
  readonly maxDrops: number;
  /** How long logs are kept, the record of every action among them. */
  readonly logRetention: RetentionDays;
  /** A topic that exists already, which is told of alarms. */
  readonly alarmTopicArn?: string;
  /** An address that is told of alarms. */
  readonly alarmEmail?: string;
  /** Whether there is a dashboard. */
  readonly dashboard: boolean;
  /** Whether the tables are deleted with the stack. */
  readonly disposable: boolean;
  /** Whether the checker is deployed: by default with new tables, and not beside those that exist already. */
  readonly checker: boolean;
  /** Tables that exist already, instead of new ones. */
  readonly existingTables?: TableNames;
  /** Whether streams of Jobs and Tasks wake the functions: by default, if the tables have streams. */
  readonly reactive: boolean;
  /** The streams of tables that exist already. */
  readonly existingStreams?: Readonly<Record<'jobs' | 'tasks', string>>;
  /** The scheduler's queue, if it exists already, standard or FIFO. */
  readonly existingQueueArn?: string;
  /** The reference worker, unless tasks are copied by others. */
  readonly worker?: WorkerConfiguration;
}

export interface WorkerConfiguration {
  readonly source: Place;
  readonly target: Place;
  /** Tasks that are copied at once. */
  readonly maxWorkers: number;
}

/** Where the stack will be deployed, if known beforehand. */
export interface Destination {
  readonly account?: string | undefined;
  readonly region?: string | undefined;
}

export class InvalidConfigurationError extends Error {
  override name = 'InvalidConfigurationError';
}

// `-c name=value` gives text, cdk.json gives JSON.
const whole = (least: number, most: number) => {
  const message = `must be a whole number from ${least} to ${most}`;
  return v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number))], message),
    v.integer(message),
    v.minValue(least, message),
    v.maxValue(most, message),
  );
};

const yesOrNo = v.pipe(
  v.union([v.boolean(), v.picklist(['true', 'false'])], 'must be true or false'),
  v.transform((value) => value === true || value === 'true'),
);

const text = (pattern: RegExp, message: string) => v.pipe(v.string(message), v.regex(pattern, message));

const tableName = text(
  /^[\w.-]{3,255}$/,
  'must be the name of a table, 3 to 255 letters, digits, dots, underscores and hyphens',
);

const sqsArn = text(
  /^arn:[\w-]+:sqs:[\w-]+:\d{12}:[\w-]{1,80}(\.fifo)?$/,
  'must be the ARN of an SQS queue, such as arn:aws:sqs:eu-west-1:123456789012:my-queue',
);

const streamArn = text(
  /^arn:[\w-]+:dynamodb:[\w-]+:\d{12}:table\/[\w.-]{3,255}\/stream\/[\w:.-]+$/,
  'must be the ARN of a stream, such as arn:aws:dynamodb:eu-west-1:123456789012:table/my-jobs/stream/2026-11-22T12:00:00.000',
);

const topicArn = text(
  /^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w-]{1,256}$/,
  'must be the ARN of an SNS topic, such as arn:aws:sns:eu-west-1:123456789012:on-call',
);

const email = text(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address');

const FOR_EVER = 'forever';
const RETENTIONS = Object.values(RetentionDays).filter(
  (days): days is RetentionDays => typeof days === 'number' && days !== RetentionDays.INFINITE,
);
const retention = v.pipe(
  v.union([v.number(), v.string()]),
  v.transform((value) => (value === FOR_EVER ? RetentionDays.INFINITE : Number(value))),
  v.check(
    (days) => days === RetentionDays.INFINITE || RETENTIONS.includes(days),
    `must be ${FOR_EVER}, or days as CloudWatch Logs knows them: ${[...RETENTIONS].sort((a, b) => a - b).join(', ')}`,
  ),
);

const bucketName = text(
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  'must be the name of a bucket, 3 to 63 small letters, digits, dots and hyphens',
);

// In a policy, * and ? stand for anything, and ${ begins a variable.
const rootPath = text(
  /^$|^[^/*?$]+(\/[^/*?$]+)*$/,
  'must be a path such as files/prod, without / at its ends, and without *, ? and $',
);

const context = v.object({
  // EventBridge Scheduler's finest rate is a minute.
  scheduleMinutes: v.optional(whole(1, 24 * 60), 1),
  shards: v.optional(whole(1, 256), DEFAULT_DUE_SHARDS),
  memoryMiB: v.optional(whole(128, 10_240), 1_024),
  disposable: v.optional(yesOrNo, false),
  checker: v.optional(yesOrNo),
  jobsTable: v.optional(tableName),
  tasksTable: v.optional(tableName),
  segmentsTable: v.optional(tableName),
  queueArn: v.optional(sqsArn),
  reactive: v.optional(yesOrNo),
  jobsStreamArn: v.optional(streamArn),
  tasksStreamArn: v.optional(streamArn),
  worker: v.optional(yesOrNo),
  sourceBucket: v.optional(bucketName),
  sourceRootPath: v.optional(rootPath, ''),
  targetBucket: v.optional(bucketName),
  targetRootPath: v.optional(rootPath, ''),
  // Lambda's limits on MaximumConcurrency.
  maxWorkers: v.optional(whole(2, 1_000), 10),
  maxDrops: v.optional(whole(0, 1_000_000_000), DEFAULT_MAX_DROPS),
  logRetentionDays: v.optional(retention, FOR_EVER),
  alarmTopicArn: v.optional(topicArn),
  alarmEmail: v.optional(email),
  dashboard: v.optional(yesOrNo, true),
});

const KNOWN = Object.keys(context.entries);

/**
 * Reads the configuration from CDK's context (`cdk deploy -c shards=8`, or `context` in cdk.json).
 *
 * @throws InvalidConfigurationError that names each key that is wrong, its value, and what it may be
 */
export function readConfiguration(node: Node, destination: Destination = {}): Configuration {
  const unknown = Object.keys(node.getAllContext()).filter(isMisspelt);
  if (unknown.length > 0)
    throw new InvalidConfigurationError(
      `context ${listed(unknown)} is not known; known are ${KNOWN.join(', ')}`,
    );
  const given = Object.fromEntries(KNOWN.map((key) => [key, node.tryGetContext(key)]));
  const parsed = v.safeParse(context, given);
  if (!parsed.success) {
    const reasons = parsed.issues.map(({ path, message }) => {
      const key = String(path?.[0]?.key);
      return `context "${key}" ${message}, is ${JSON.stringify(given[key])}`;
    });
    throw new InvalidConfigurationError(reasons.join('; '));
  }
  const { jobsTable, tasksTable, segmentsTable, queueArn, checker, ...others } = parsed.output;
  const { worker, sourceBucket, sourceRootPath, targetBucket, targetRootPath, maxWorkers, ...general } =
    others;
  const { logRetentionDays, alarmTopicArn, alarmEmail, reactive, jobsStreamArn, tasksStreamArn, ...rest } =
    general;
  const existingTables = allTables({ jobsTable, tasksTable, segmentsTable });
  const existingStreams = bothStreams({ jobsStreamArn, tasksStreamArn }, existingTables, destination);
  if (reactive === true && existingTables !== undefined && existingStreams === undefined)
    throw new InvalidConfigurationError(
      'context "reactive" is true: name the streams of the tables, "jobsStreamArn" and "tasksStreamArn"',
    );
  if (queueArn !== undefined) refuseElsewhere('queueArn', 'a queue', queueArn, destination);
  const buckets = bothBuckets({ sourceBucket, targetBucket }, worker === true);
  // Whoever has tables has workers of their own, unless they say otherwise.
  const isWorkerWanted = worker ?? existingTables === undefined;
  return {
    ...rest,
    logRetention: logRetentionDays,
    ...(alarmTopicArn !== undefined && { alarmTopicArn }),
    ...(alarmEmail !== undefined && { alarmEmail }),
    // Whoever has tables has a checker of their own, unless they say otherwise: two would be at odds.
    checker: checker ?? existingTables === undefined,
    reactive: reactive ?? (existingTables === undefined || existingStreams !== undefined),
    ...(existingTables && { existingTables }),
    ...(existingStreams && reactive !== false && { existingStreams }),
    ...(queueArn !== undefined && { existingQueueArn: queueArn }),
    ...(buckets &&
      isWorkerWanted && {
        worker: {
          source: { bucket: buckets.source, rootPath: sourceRootPath },
          target: { bucket: buckets.target, rootPath: targetRootPath },
          maxWorkers,
        },
      }),
  };
}

/**
 * The CDK has its own keys: with a colon or a slash, beginning with cdk or tree, or, from cdk.context.json, hyphenated.
 * A hyphenated one is meant for us when it is one of ours without the hyphens.
 */
function isMisspelt(key: string): boolean {
  if (KNOWN.includes(key) || /[:/]/.test(key) || /^(cdk|tree)/.test(key)) return false;
  if (!key.includes('-')) return true;
  const plain = key.replaceAll('-', '').toLowerCase();
  return KNOWN.some((known) => known.toLowerCase() === plain);
}

type TableKeys = Record<'jobsTable' | 'tasksTable' | 'segmentsTable', string | undefined>;

function allTables({ jobsTable, tasksTable, segmentsTable }: TableKeys): TableNames | undefined {
  const named = Object.entries({ jobsTable, tasksTable, segmentsTable }).filter(
    ([, name]) => name !== undefined,
  );
  if (named.length === 0) return undefined;
  if (jobsTable === undefined || tasksTable === undefined || segmentsTable === undefined)
    throw new InvalidConfigurationError(
      `context "jobsTable", "tasksTable" and "segmentsTable" go together: name all three, or none; only ${listed(named.map(([key]) => key))} is given`,
    );
  for (const [name, keys] of Map.groupBy(named, ([, name]) => name))
    if (keys.length > 1)
      throw new InvalidConfigurationError(
        `context ${listed(keys.map(([key]) => key))} must name different tables, all are "${name}"`,
      );
  return { jobs: jobsTable, tasks: tasksTable, segments: segmentsTable };
}

/** Streams of tables that exist already; new ones have their own. */
function bothStreams(
  { jobsStreamArn, tasksStreamArn }: Record<'jobsStreamArn' | 'tasksStreamArn', string | undefined>,
  tables: TableNames | undefined,
  destination: Destination,
): { readonly jobs: string; readonly tasks: string } | undefined {
  if (jobsStreamArn === undefined && tasksStreamArn === undefined) return undefined;
  if (jobsStreamArn === undefined || tasksStreamArn === undefined)
    throw new InvalidConfigurationError(
      `context "jobsStreamArn" and "tasksStreamArn" go together: name both, or none; only ${jobsStreamArn === undefined ? '"tasksStreamArn"' : '"jobsStreamArn"'} is given`,
    );
  if (tables === undefined)
    throw new InvalidConfigurationError(
      'context "jobsStreamArn" and "tasksStreamArn" are of tables that exist already: name these as well, or none',
    );
  const named = [
    ['jobsStreamArn', jobsStreamArn, tables.jobs],
    ['tasksStreamArn', tasksStreamArn, tables.tasks],
  ] as const;
  for (const [key, arn, table] of named) {
    refuseElsewhere(key, 'a stream', arn, destination);
    if (!arn.includes(`:table/${table}/`))
      throw new InvalidConfigurationError(`context "${key}" must be a stream of table ${table}, is "${arn}"`);
  }
  return { jobs: jobsStreamArn, tasks: tasksStreamArn };
}

function bothBuckets(
  { sourceBucket, targetBucket }: Record<'sourceBucket' | 'targetBucket', string | undefined>,
  areNeeded: boolean,
): { readonly source: string; readonly target: string } | undefined {
  if (sourceBucket !== undefined && targetBucket !== undefined)
    return { source: sourceBucket, target: targetBucket };
  const given =
    sourceBucket !== undefined ? '"sourceBucket"' : targetBucket !== undefined && '"targetBucket"';
  if (given)
    throw new InvalidConfigurationError(
      `context "sourceBucket" and "targetBucket" go together: name both, or none; only ${given} is given`,
    );
  if (areNeeded)
    throw new InvalidConfigurationError(
      'context "worker" is true: name the buckets that it copies from and to, "sourceBucket" and "targetBucket"',
    );
  return undefined;
}

function refuseElsewhere(key: string, what: string, arn: string, destination: Destination): void {
  const [, , , region, account] = arn.split(':');
  const places = [
    ['region', region, destination.region],
    ['account', account, destination.account],
  ] as const;
  for (const [kind, its, stacks] of places)
    if (stacks !== undefined && its !== stacks)
      throw new InvalidConfigurationError(
        `context "${key}" must be ${what} of ${kind} ${stacks}, where the stack is deployed, is "${arn}"`,
      );
}

const listed = (keys: readonly string[]): string => keys.map((key) => `"${key}"`).join(', ');
