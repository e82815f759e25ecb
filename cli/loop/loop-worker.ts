import type { S3Client } from '@aws-sdk/client-s3';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createSingleItems } from '../../functions/aws/single-items.ts';
import { TemporaryError } from '../../functions/copy-segment/stores.ts';
import type { TableNames } from '../../functions/copy-segment/tables.ts';
import type { Task, TaskKey } from '../../functions/copy-segment/task.ts';
import type { CopyRun } from '../../functions/worker-s3/copy-objects.ts';
import { createS3Worker } from '../../functions/worker-s3/s3-worker.ts';
import { countOf } from '../terminal/count-of.ts';
import type { Deliveries, Delivery } from './deliveries.ts';
import { type Party, type Tell, tookFrom } from './loop-event.ts';
import { createMortalLife } from './mortal-life.ts';
import type { SkippingClock } from './skipping-clock.ts';

/** A consumer of the queue: the reference worker, in this process instead of a Lambda. */
export interface LoopWorker {
  /** Works on messages until there are none, or until it dies. */
  drain(): Promise<void>;
  end(): void;
}

export interface LoopWorkerConfig {
  readonly name: Party;
  /** Clients of its own: they end with it. */
  readonly dynamo: DynamoDBDocumentClient;
  readonly s3: S3Client;
  readonly tables: TableNames;
  readonly deliveries: Deliveries;
  readonly clock: SkippingClock;
  readonly tell: Tell;
  readonly stop: AbortSignal;
  /** After how many copies of a task it is to die; undefined: not at all. */
  readonly deathIn: (task: Task) => number | undefined;
}

export function createLoopWorker({
  name,
  dynamo,
  s3,
  tables,
  deliveries,
  clock,
  tell,
  stop,
  deathIn,
}: LoopWorkerConfig): LoopWorker {
  const life = createMortalLife();
  life.attachTo(dynamo);
  life.attachTo(s3);
  const items = createSingleItems(dynamo, tables);
  /** What the message in hand has led to so far. */
  let work: { claim?: { readonly task: Task; readonly at: number }; run?: CopyRun } = {};

  const workOnTask = createS3Worker({
    dynamo,
    s3,
    tables,
    nodeId: name,
    now: clock.now,
    after: (delayMs, act) => clock.after(delayMs, () => life.isOver || act()),
    onClaim({ task }) {
      work.claim = { task, at: clock.elapsed() };
      const copies = deathIn(task);
      if (copies !== undefined) life.endAfter(copies, () => tellDeath(task, copies));
      tell(name, 'claimed', { ...keyOf(task), detail: `until ${leaseEndOf(task)}` });
    },
    onRun(_, copied) {
      work.run = copied;
    },
  });

  const leaseEndOf = ({ raw }: Task): string => clock.format(Number(raw.leaseExpiresAt));

  const tellDeath = (task: Task, copies: number): void =>
    tell(name, 'died', {
      ...keyOf(task),
      detail: `${countOf(copies, 'object')} into it; its lease runs until ${leaseEndOf(task)}`,
    });

  /** What became of the task, as its table has it. */
  const tellEnd = async (task: Task, claimedAt: number): Promise<void> => {
    const { state, reason = state } = (await items.read('tasks', { ...keyOf(task) })) ?? {};
    if (state === 'Completed' && work.run)
      tell(name, 'copied', {
        ...keyOf(task),
        detail: describeRun(work.run, tookFrom(claimedAt, clock.elapsed())),
      });
    else tell(name, state === 'Failed' ? 'failed' : 'gaveBack', { ...keyOf(task), detail: String(reason) });
  };

  const tellUnclaimed = ({ body, receipts }: Delivery): void => {
    const { jobId, taskId } = JSON.parse(body) as Record<keyof TaskKey, string>;
    const which = receipts > 1 ? "the dead worker's message: back, and stale" : 'a stale message';
    const key = { jobId: BigInt(jobId), taskId: BigInt(taskId) };
    tell(name, 'deleted', { ...key, detail: which });
  };

  const workOn = async (delivery: Delivery): Promise<void> => {
    work = {};
    try {
      // A run that is interrupted is as a Lambda whose time is over: the task is handed over.
      const end = await workOnTask(delivery.body, () => (stop.aborted ? 0 : Number.POSITIVE_INFINITY));
      if (end === 'dead') return;
      await delivery.delete();
      if (work.claim) await tellEnd(work.claim.task, work.claim.at);
      else tellUnclaimed(delivery);
    } catch (error) {
      // DynamoDB did not answer: the message is to come back.
      if (!(error instanceof TemporaryError)) throw error;
    }
  };

  const drain = async (): Promise<void> => {
    for (;;) {
      const delivery = stop.aborted ? undefined : await deliveries.receive();
      if (delivery === undefined) return;
      await workOn(delivery);
    }
  };

  return {
    drain: () => (life.isOver ? Promise.resolve() : Promise.race([drain(), life.over])),
    end() {
      dynamo.destroy();
      s3.destroy();
    },
  };
}

const keyOf = ({ jobId, taskId }: TaskKey): TaskKey => ({ jobId, taskId });

/** Of what a predecessor left, nothing is copied again. */
const describeRun = ({ objects, created }: CopyRun, took: string): string =>
  countOf(objects, 'object') + took + (created < objects ? `, ${objects - created} found there, equal` : '');
