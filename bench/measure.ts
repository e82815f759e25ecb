import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { startEmbeddedDynamoDB } from '../engines/embedded-dynamodb.ts';
import type { Engine } from '../engines/engine.ts';
import type { Effort } from './contenders/assignment.ts';
import type { Contender, ContenderBundles } from './contenders/bundle-contenders.ts';
import { runContender } from './contenders/run-contender.ts';
import type { Dataset } from './data/datasets.ts';
import { TABLES } from './data/tables.ts';
import { type Export, writeExport } from './data/write-export.ts';
import type { EngineSide } from './engines/start-engine-side.ts';
import type { WireCounts } from './engines/wire.ts';
import { priceOf } from './prices.ts';
import type { Effect, Run, Workload } from './workload.ts';

/** What one contender took for one workload. */
export interface Measurement extends WireCounts, Effort {
  readonly workload: string;
  readonly size: number;
  readonly contender: Contender;
  readonly latencyMs: number;
  readonly totalRequests: number;
  /** Of DynamoDB and SQS. */
  readonly dollars: number;
}

/** What a pass has from one tick of the schedule to the next. */
const MINUTE_MS = 60_000;

export interface Bench {
  readonly side: EngineSide;
  readonly bundles: ContenderBundles;
  readonly stage: Stage;
}

/** Where contenders meet their data. */
export interface Stage {
  /** An engine that holds a dataset: a fresh one, or the last one if it holds the same and may be shared. */
  engineWith(dataset: Dataset, isShared: boolean): Promise<Engine>;
  clear(): Promise<void>;
}

/** Keeps the last dataset and engine for whoever needs the same: a million tasks are loaded once. */
export function createStage(): Stage {
  let dataset: Dataset | undefined;
  let data: Export | undefined;
  let engine: Engine | undefined;
  const clear = async (): Promise<void> => {
    await engine?.stop();
    await data?.remove();
    dataset = data = engine = undefined;
  };
  return {
    async engineWith(wanted, isShared) {
      if (wanted !== dataset) await clear();
      dataset = wanted;
      data ??= await writeExport(wanted);
      if (engine !== undefined && isShared) return engine;
      await engine?.stop();
      engine = await startEmbeddedDynamoDB(data);
      return engine;
    },
    clear,
  };
}

/**
 * Runs the contenders of a workload one after the other, each on the same data.
 *
 * @param onFailure called for a contender that failed, or did not do what the others do
 */
export async function* measure(
  bench: Bench,
  workload: Workload,
  onFailure: (error: unknown) => void,
): AsyncGenerator<Measurement> {
  for (const run of workload.runs) {
    const engine = await bench.stage.engineWith(workload.data, workload.sharesEngine ?? false);
    try {
      yield await measureRun(bench, workload, run, engine);
    } catch (error) {
      onFailure(error);
    }
  }
}

async function measureRun(
  { side, bundles }: Bench,
  workload: Workload,
  { contender, latencyMs }: Run,
  { endpoint: dynamo }: Engine,
): Promise<Measurement> {
  const { endpoint, queueUrl } = await side.lead(dynamo, latencyMs);
  const effort = await runContender(contender, bundles.files[contender], {
    work: workload.work,
    endpoint,
    queueUrl,
    segments: workload.size,
    minuteMs: MINUTE_MS,
    times: workload.times ?? 1,
  });
  const counts = await side.counts();
  const wanted = contender === 'naive' ? (workload.naiveEffect ?? workload.effect) : workload.effect;
  if (wanted)
    await assertEffect(wanted, counts, dynamo, `${contender}, ${workload.name} of ${workload.size}`);
  return {
    workload: workload.name,
    size: workload.size,
    contender,
    latencyMs,
    ...counts,
    totalRequests: Object.values(counts.requests).reduce((sum, count) => sum + count, 0),
    dollars: priceOf(counts),
    ...effort,
  };
}

/** A contender that does less than the others would win. */
async function assertEffect(
  wanted: Effect,
  counts: WireCounts,
  endpoint: string,
  whose: string,
): Promise<void> {
  const found: Effect = {
    messages: counts.messages,
    ...(wanted.dropped !== undefined && { dropped: await segmentsIn('Dropped', endpoint) }),
    ...(wanted.flushed !== undefined && { flushed: await segmentsIn('Flushed', endpoint) }),
    ...(wanted.importing !== undefined && { importing: await segmentsIn('Importing', endpoint) }),
  };
  for (const [what, count] of Object.entries(wanted))
    if (found[what as keyof Effect] !== count)
      throw new Error(`${whose}: ${what} ${found[what as keyof Effect]}, and not ${count}`);
}

async function segmentsIn(state: string, endpoint: string): Promise<number> {
  const identity = { region: 'us-east-1', credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' } };
  const client = new DynamoDBClient({ endpoint, ...identity });
  let count = 0;
  let ExclusiveStartKey: ScanCommand['input']['ExclusiveStartKey'];
  do {
    const page = await client.send(
      new ScanCommand({
        TableName: TABLES.segments,
        Select: 'COUNT',
        FilterExpression: '#state = :state',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':state': { S: state } },
        ExclusiveStartKey,
      }),
    );
    count += page.Count ?? 0;
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  client.destroy();
  return count;
}
