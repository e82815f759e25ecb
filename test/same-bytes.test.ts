import { describe, expect, it } from 'vitest';
import { stored } from '../functions/aws/stored-object.ts';
import type { StoredObject } from '../functions/worker-s3/object-store.ts';
import { compareBytes } from '../functions/worker-s3/same-bytes.ts';

const MD5 = '5d41402abc4b2a76b9719d911017c592';
const at = { bucket: 'a-bucket', key: 'a' };

describe('what S3 says of the bytes of an object', () => {
  it.each([
    ['an ETag of one part is their MD5', {}, { md5: MD5 }],
    ['also encrypted with a key of S3', { ServerSideEncryption: 'AES256' as const }, { md5: MD5 }],
    ['not with a key of KMS', { ServerSideEncryption: 'aws:kms' as const }, {}],
    ['not with a key of the client', { SSECustomerAlgorithm: 'AES256' }, {}],
    ['not of several parts', { ETag: `"${MD5}-5"` }, {}],
    ['a checksum is of all of them', { ETag: '"x"', ChecksumCRC64NVME: 'abc=' }, { CRC64NVME: 'abc=' }],
    ['but for one of checksums', { ETag: '"x"', ChecksumCRC32C: 'abc=-5' }, {}],
  ])('%s', (_, head, digests) => {
    expect(stored(at, { ETag: `"${MD5}"`, $metadata: {}, ...head }).digests).toEqual(digests);
  });
});

describe('a target', () => {
  const source: StoredObject = { ...at, size: 5, etag: 'source', digests: {}, headers: { metadata: {} } };
  const target: StoredObject = { ...source, etag: 'target' };

  it.each<[string, Partial<StoredObject>, Partial<StoredObject>]>([
    ['has its digest', { digests: { md5: 'a', CRC32: 'b' } }, { digests: { CRC32: 'b', CRC64NVME: 'c' } }],
    ['has its ETag', {}, { etag: 'source' }],
    [
      'was created from it, and no digest can be compared',
      { digests: { CRC32: 'b' } },
      { copiedFrom: 'source' },
    ],
  ])('is equal to its source if it %s', (_, ofSource, ofTarget) => {
    expect(compareBytes({ ...source, ...ofSource }, { ...target, ...ofTarget })).toEqual({ kind: 'equal' });
  });

  it.each<[string, Partial<StoredObject>, Partial<StoredObject>, string]>([
    ['another size', {}, { size: 6, etag: 'source' }, 'has 6 bytes instead of 5'],
    [
      'another digest, whatever it says it was created from',
      { digests: { md5: 'a', CRC32: 'b' } },
      { digests: { md5: 'a', CRC32: 'c' }, copiedFrom: 'source' },
      'has CRC32 c instead of b, and the same size',
    ],
    [
      'nothing to compare, and another origin',
      { digests: { md5: 'a' } },
      { digests: { CRC32: 'b' }, copiedFrom: 'another' },
      'has the same size, but nothing that proves the same bytes',
    ],
  ])('is different with %s', (_, ofSource, ofTarget, reason) => {
    expect(compareBytes({ ...source, ...ofSource }, { ...target, ...ofTarget })).toEqual({
      kind: 'different',
      reason,
    });
  });
});
