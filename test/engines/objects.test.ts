import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { type Buckets, createBuckets } from '../../engines/buckets.ts';
import { startEmbeddedS3 } from '../../engines/embedded-s3.ts';
import { isKnownToDiffer, type ObjectBehaviour } from '../../engines/known-differences.ts';

const identity = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };

/** Whether a request went through; false if it was refused with 412. */
async function isTaken(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    expect(error).toMatchObject({ name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } });
    return false;
  }
}

const OTHER_ETAG = '"00000000000000000000000000000000"';

const CHECKS: Record<ObjectBehaviour, (buckets: Buckets) => Promise<boolean>> = {
  async 'S3 creates no object over another one that is there'({ s3, ...buckets }) {
    const copy = (Key: string) =>
      isTaken(
        s3.send(
          new CopyObjectCommand({
            Bucket: buckets.target,
            Key,
            CopySource: `${buckets.source}/a`,
            IfNoneMatch: '*',
          }),
        ),
      );
    expect(await copy('new')).toBe(true);
    return !(await copy('there'));
  },

  async 'S3 finishes no upload over an object that is there'(buckets) {
    const finish = async (Key: string) => {
      const { at, part } = await openUpload(buckets, Key);
      return isTaken(
        buckets.s3.send(
          new CompleteMultipartUploadCommand({
            ...at,
            MultipartUpload: { Parts: [await part()] },
            IfNoneMatch: '*',
          }),
        ),
      );
    };
    expect(await finish('new')).toBe(true);
    return !(await finish('there'));
  },

  async 'S3 copies no source that is not the one that was named'({ s3, ...buckets }) {
    const CopySource = `${buckets.source}/a`;
    const copy = (CopySourceIfMatch: string) =>
      isTaken(
        s3.send(new CopyObjectCommand({ Bucket: buckets.target, Key: 'new', CopySource, CopySourceIfMatch })),
      );
    const { ETag = '' } = await s3.send(new HeadObjectCommand({ Bucket: buckets.source, Key: 'a' }));
    expect(await copy(ETag)).toBe(true);
    return !(await copy(OTHER_ETAG));
  },

  async 'S3 copies no part of a source that is not the one that was named'(buckets) {
    const { part } = await openUpload(buckets, 'new');
    expect(await isTaken(part())).toBe(true);
    return !(await isTaken(part(OTHER_ETAG)));
  },

  async 'S3 keeps a checksum of an object that was copied in parts'(buckets) {
    const { at, part } = await openUpload(buckets, 'new');
    const MultipartUpload = { Parts: [await part()] };
    await buckets.s3.send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload }));
    const { ChecksumType } = await buckets.s3.send(
      new HeadObjectCommand({ Bucket: buckets.target, Key: 'new', ChecksumMode: 'ENABLED' }),
    );
    return ChecksumType === 'FULL_OBJECT';
  },
};

async function openUpload({ s3, source, target }: Buckets, Key: string) {
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({
      Bucket: target,
      Key,
      ChecksumAlgorithm: 'CRC64NVME',
      ChecksumType: 'FULL_OBJECT',
    }),
  );
  const at = { Bucket: target, Key, UploadId };
  return {
    at,
    async part(CopySourceIfMatch?: string) {
      const { CopyPartResult } = await s3.send(
        new UploadPartCopyCommand({ ...at, PartNumber: 1, CopySource: `${source}/a`, CopySourceIfMatch }),
      );
      return { PartNumber: 1, ETag: CopyPartResult?.ETag };
    },
  };
}

describe('the embedded S3', () => {
  const withS3 = async <T>(preconditions: boolean, use: (buckets: Buckets) => Promise<T>): Promise<T> => {
    const engine = await startEmbeddedS3({ preconditions });
    const buckets = await createBuckets({ s3: { ...identity, endpoint: engine.endpoint } });
    try {
      await buckets.put('a', 'bytes of a');
      await buckets.put('there', 'bytes that are there', buckets.target);
      return await use(buckets);
    } finally {
      buckets.s3.destroy();
      await engine.stop();
    }
  };

  it.each(Object.entries(CHECKS))('behaves as AWS does, or is known not to: %s', async (behaviour, holds) => {
    expect(await withS3(false, holds)).toBe(!isKnownToDiffer('fauxqs', behaviour as ObjectBehaviour));
  });

  it.each(Object.entries(CHECKS).filter(([behaviour]) => !behaviour.includes('checksum')))(
    'behaves as AWS does with 412 answered for it: %s',
    async (_, holds) => {
      expect(await withS3(true, holds)).toBe(true);
    },
  );

  it('creates an object once, however many ask for it at the same time', async () => {
    await withS3(true, async ({ s3, source, target }) => {
      const copies = Array.from({ length: 20 }, (_, index) =>
        isTaken(
          s3.send(
            new CopyObjectCommand({
              Bucket: target,
              Key: `new/${index % 2}`,
              CopySource: `${source}/a`,
              IfNoneMatch: '*',
            }),
          ),
        ),
      );
      expect((await Promise.all(copies)).filter((isCreated) => isCreated)).toHaveLength(2);
    });
  });
});
