import type { ChecksumAlgorithm, HeadObjectCommandOutput, _Object as ListedByS3 } from '@aws-sdk/client-s3';
import type { ListedObject, ObjectAddress, ObjectHeaders, StoredObject } from '../worker-s3/object-store.ts';

/** User metadata of every object that is created here: the ETag of its source. */
const COPIED_FROM = 'copied-from-etag';

/** The algorithms that S3 can keep for an object as a whole, however many parts it has. */
const WHOLE_OBJECT_CHECKSUMS = ['CRC64NVME', 'CRC32C', 'CRC32'] as const;

export const listed = ({ Key = '', Size = 0, ETag }: ListedByS3): ListedObject => ({
  key: Key,
  size: Size,
  etag: unquoted(ETag),
});

export function stored(at: ObjectAddress, head: HeadObjectCommandOutput): StoredObject {
  const { [COPIED_FROM]: copiedFrom, ...metadata } = head.Metadata ?? {};
  return {
    ...at,
    size: head.ContentLength ?? 0,
    etag: unquoted(head.ETag),
    digests: digestsOf(head),
    ...(copiedFrom !== undefined && { copiedFrom }),
    headers: headersOf(head, metadata),
  };
}

/** An ETag is the MD5 of the bytes if they came in one part, and are not encrypted with a key of KMS or of the client. */
function digestsOf(head: HeadObjectCommandOutput): Record<string, string> {
  const etag = unquoted(head.ETag);
  const isPlain = [undefined, 'AES256'].includes(head.ServerSideEncryption) && !head.SSECustomerAlgorithm;
  const isMd5 = isPlain && /^[0-9a-f]{32}$/.test(etag);
  const checksums = ([...WHOLE_OBJECT_CHECKSUMS, 'SHA256', 'SHA1'] as const).flatMap((algorithm) => {
    const value = head[`Checksum${algorithm}`];
    // A checksum of checksums depends on the parts, as an ETag of parts does; both end with their number.
    return value === undefined || value.includes('-') ? [] : [[algorithm, value] as const];
  });
  return { ...(isMd5 && { md5: etag }), ...Object.fromEntries(checksums) };
}

function headersOf(head: HeadObjectCommandOutput, metadata: Record<string, string>): ObjectHeaders {
  const given = {
    contentType: head.ContentType,
    contentEncoding: head.ContentEncoding,
    contentLanguage: head.ContentLanguage,
    contentDisposition: head.ContentDisposition,
    cacheControl: head.CacheControl,
  };
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    metadata,
  };
}

/** What a copy of it is created with. */
export const described = ({ headers, etag }: StoredObject) => ({
  ContentType: headers.contentType,
  ContentEncoding: headers.contentEncoding,
  ContentLanguage: headers.contentLanguage,
  ContentDisposition: headers.contentDisposition,
  CacheControl: headers.cacheControl,
  Metadata: { ...headers.metadata, [COPIED_FROM]: etag },
});

/** A target in parts is compared with its source by a checksum that both have. */
export const checksumLike = ({ digests }: StoredObject): ChecksumAlgorithm =>
  WHOLE_OBJECT_CHECKSUMS.find((algorithm) => algorithm in digests) ?? 'CRC64NVME';

const unquoted = (etag = ''): string => etag.replaceAll('"', '');
