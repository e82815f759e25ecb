import { createWorker } from '../../functions/worker/worker.ts';
import { type Disturbance, type DisturbedCall, disturbedClients, type World } from './embedded-world.ts';
import { type ManualTime, manualTime } from './manual-time.ts';

interface WorkerOptions {
  readonly nodeId?: string;
  readonly leaseMs?: number;
  readonly disturb?: Disturbance;
  readonly time?: ManualTime;
}

/** A worker on the tables of a world, whose timers follow the world's clock. */
export const workerIn = (
  world: World,
  { disturb, time = manualTime(world.clock), nodeId = 'node-1', ...options }: WorkerOptions = {},
) =>
  createWorker({
    dynamo: disturbedClients(time.watching(disturb)).dynamo,
    tables: world.tables,
    nodeId,
    now: () => world.clock.now,
    after: time.after,
    ...options,
  });

/** A message about task 1 of job 1 as it was created, unless it says otherwise. */
export const body = (overrides: Record<string, unknown> = {}): string =>
  JSON.stringify({
    schema: 1,
    jobId: '1',
    taskId: '1',
    collectionId: '7',
    taskVersion: 0,
    attempt: 1,
    reason: 'pending',
    enqueuedAt: 1,
    ...overrides,
  });

/** A lease that the test has to get, to go on. */
export async function claimed(worker: ReturnType<typeof workerIn>, message = body()) {
  const claim = await worker.claim(message);
  if (claim.kind !== 'claimed') throw new Error(`the claim is refused: ${claim.kind}`);
  return claim.lease;
}

const named = (name: string): Error => Object.assign(new Error(name), { name });

/** DynamoDB refuses for the moment, after all the SDK's own retries. */
export const throttle = (): never => {
  throw named('ThrottlingException');
};

/** The request takes effect, and its answer never arrives. */
export async function loseAnswer({ proceed }: DisturbedCall): Promise<never> {
  await proceed();
  throw named('TimeoutError');
}

/** Disturbs the changes of one table. */
export const onUpdate =
  (world: World, table: 'jobs' | 'tasks', disturb: Disturbance): Disturbance =>
  (call) =>
    call.operation === 'UpdateItem' && call.input.TableName === world.tables[table]
      ? disturb(call)
      : call.proceed();

/** Disturbs the first of the calls that a disturbance is asked about, and no other. */
export function once(disturb: Disturbance): Disturbance {
  let isDone = false;
  return (call) => {
    if (isDone) return call.proceed();
    isDone = true;
    return disturb(call);
  };
}
