import type { SQSBatchResponse } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { type Buckets, createBuckets } from '../engines/buckets.ts';
import { job, MINUTE, segment, task } from './support/builders.ts';
import { identity } from './support/copying-world.ts';
import { type Deployed, deployedHandler } from './support/deployed-handler.ts';
import { embeddedWorld, type World } from './support/embedded-world.ts';
import { body } from './support/worker-in.ts';

describe('the worker that is deployed', () => {
  let world: World;
  let buckets: Buckets;
  let deployed: Deployed<SQSBatchResponse>;

  beforeAll(async () => {
    world = await embeddedWorld();
    buckets = await createBuckets({ s3: { ...identity, endpoint: inject('s3Endpoint') } });
    deployed = await deployedHandler('Worker', world);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await buckets.destroy();
  });

  /** What Lambda hands over for one message. */
  const invoke = (message: string, remainingMs = 10 * MINUTE) =>
    deployed.handler(
      { Records: [{ messageId: 'message-1', body: message }] },
      { getRemainingTimeInMillis: () => remainingMs },
    );
  const restore = (jobId: bigint) =>
    world.has(
      job({
        jobId,
        source: { bucket: buckets.source, rootPath: 'snapshot' },
        target: { bucket: buckets.target, rootPath: 'files' },
      }),
      task({
        jobId,
        idMappings: [{ sourceSegmentId: jobId, targetSegmentId: jobId + 10n, partitionId: 3n }],
      }),
      segment(jobId + 10n),
    );

  it('copies the task of its message, and completes it', async () => {
    await restore(1n);
    await buckets.put('snapshot/insert_log/7/3/1/101/5', 'bytes of the segment');
    expect(await invoke(body())).toEqual({ batchItemFailures: [] });
    expect(await world.task(1n, 1n)).toMatchObject({
      state: 'Completed',
      nodeId: expect.stringMatching(/^lambda\//),
      copiedObjects: 1n,
    });
    const objects = await buckets.objects(buckets.target);
    expect([...objects].map(([key, bytes]) => [key, bytes.toString()])).toEqual([
      ['files/insert_log/7/3/11/101/5', 'bytes of the segment'],
    ]);
  });

  it('fails a task that can never be copied, and is done with its message', async () => {
    await restore(2n);
    expect(await invoke(body({ jobId: '2' }))).toEqual({ batchItemFailures: [] });
    expect(await world.task(1n, 2n)).toMatchObject({
      state: 'Failed',
      reason: 'source segment 2 has no objects; its rows: 1000',
    });
  });

  it('gives a task back when Lambda leaves it no time', async () => {
    await restore(3n);
    await buckets.put('snapshot/insert_log/7/3/3/101/5', 'late');
    expect(await invoke(body({ jobId: '3' }), 30_000)).toEqual({ batchItemFailures: [] });
    expect(await world.task(1n, 3n)).toMatchObject({ state: 'Pending', retries: 1n });
  });

  it('leaves a message that is about no task to the dead letters', async () => {
    expect(await invoke('{}')).toEqual({ batchItemFailures: [{ itemIdentifier: 'message-1' }] });
  });

  it('is small enough to start fast', () => {
    expect(deployed.bytes).toBeLessThan(480_000);
  });
});
