import { PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, inject, it, onTestFinished } from 'vitest';
import { createBuckets } from '../engines/buckets.ts';
import { LeftBehindError } from '../engines/world.ts';
import { createS3Client } from '../functions/aws/s3-client.ts';
import { bucketsThere } from './support/buckets-there.ts';
import { identity } from './support/copying-world.ts';
import { type Fault, type S3Request, s3InBetween } from './support/s3-in-between.ts';

/** Buckets behind an S3 in which something happens to each deletion of a bucket, or of what is in it. */
async function bucketsWith(onDeletion: (request: S3Request) => Fault | Promise<Fault>) {
  const between = await s3InBetween(inject('s3Endpoint'), (request) =>
    request.operation === 'Other' && request.key === '' ? onDeletion(request) : 'none',
  );
  onTestFinished(() => between.close());
  return createBuckets({ s3: { ...identity, endpoint: between.endpoint } });
}

it('buckets are deleted with what is in them, also with a copy that arrives meanwhile', async () => {
  const late = new Set<string>();
  const s3 = createS3Client({ ...identity, endpoint: inject('s3Endpoint') });
  const buckets = await bucketsWith(async ({ bucket: Bucket }): Promise<Fault> => {
    if (!late.has(Bucket)) await s3.send(new PutObjectCommand({ Bucket, Key: 'late', Body: 'copy' }));
    late.add(Bucket);
    return 'none';
  });
  await buckets.destroy();
  s3.destroy();
  expect(late).toEqual(new Set([buckets.source, buckets.target]));
  for (const name of late) expect(await bucketsThere()).not.toContain(name);
});

it('each bucket that cannot be deleted is named, with the reason', async () => {
  let fault: Fault = { status: 403, code: 'AccessDenied' };
  const buckets = await bucketsWith(() => fault);
  const error = await buckets.destroy().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LeftBehindError);
  expect((error as Error).message.split('\n')).toEqual([
    `could not be deleted: bucket ${buckets.source} (AccessDenied: injected)`,
    `could not be deleted: bucket ${buckets.target} (AccessDenied: injected)`,
  ]);
  fault = 'none';
  await buckets.destroy();
  expect(await bucketsThere()).not.toContain(buckets.source);
});
