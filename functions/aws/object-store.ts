import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type S3Client,
  S3ServiceException,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { describeError } from '../copy-segment/describe-error.ts';
import { TemporaryError } from '../copy-segment/stores.ts';
import {
  type ByteRange,
  type ObjectAddress,
  type ObjectStore,
  SourceChangedError,
  type StoredObject,
  type Upload,
} from '../worker-s3/object-store.ts';
import { isTransient } from './is-transient.ts';
import { checksumLike, described, listed, stored } from './stored-object.ts';

/** How long giving up an upload may take, in milliseconds: it comes when the time of the work is over. */
const ABORT_MS = 5_000;

/**
 * S3 as a worker sees it. What is created is created once: every write is on the condition that there is no object
 * under its key, and that its source is the one that was looked at.
 *
 * @param signal ends every request, but for those that give an upload up
 * @throws TemporaryError from every method for what passes by itself
 */
export function createObjectStore(s3: S3Client, signal: AbortSignal): ObjectStore {
  // biome-ignore lint/suspicious/noExplicitAny: the SDK's overloads of `send` cannot be passed on
  const send: S3Client['send'] = async (command: any): Promise<any> => {
    try {
      return await s3.send(command, { abortSignal: signal });
    } catch (error) {
      throw isTransient(error) || nameOf(error) === 'ConditionalRequestConflict'
        ? new TemporaryError(describeError(error), { cause: error })
        : error;
    }
  };

  /**
   * Without s3:ListBucket on the whole bucket S3 says AccessDenied of an object that is not there; a list of the one key
   * is allowed by its prefix.
   */
  const isAbsent = async ({ bucket: Bucket, key: Key }: ObjectAddress): Promise<boolean> => {
    const { Contents = [] } = await send(new ListObjectsV2Command({ Bucket, Prefix: Key, MaxKeys: 1 }));
    return Contents[0]?.Key !== Key;
  };

  const unlessRefused = async <T>(
    source: StoredObject,
    request: () => Promise<T>,
  ): Promise<T | 'refused'> => {
    try {
      return await request();
    } catch (error) {
      if (REFUSALS.has(nameOf(error))) return 'refused';
      if (isDenied(error) && (await isAbsent(source))) return 'refused';
      throw error;
    }
  };

  return {
    async *list(Bucket, Prefix) {
      let ContinuationToken: string | undefined;
      do {
        const page = await send(
          new ListObjectsV2Command({ Bucket, Prefix, ...(ContinuationToken && { ContinuationToken }) }),
        );
        yield (page.Contents ?? []).map(listed);
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
    },

    async look({ bucket, key }) {
      try {
        const head = await send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }));
        return stored({ bucket, key }, head);
      } catch (error) {
        if (nameOf(error) === 'NotFound') return undefined;
        if (isDenied(error) && (await isAbsent({ bucket, key }))) return undefined;
        throw error;
      }
    },

    async read(object, range) {
      const answer = await unlessRefused(object, async () => {
        const { Body } = await send(
          new GetObjectCommand({
            Bucket: object.bucket,
            Key: object.key,
            Range: rangeHeader(range),
            IfMatch: quoted(object.etag),
          }),
        );
        return Body?.transformToByteArray() ?? new Uint8Array();
      });
      if (answer === 'refused') throw new SourceChangedError(`${object.key} is no longer what it was`);
      return answer;
    },

    copy: (source, { bucket, key }) =>
      unlessRefused(source, async () => {
        await send(
          new CopyObjectCommand({
            Bucket: bucket,
            Key: key,
            ...pinned(source),
            IfNoneMatch: '*',
            ...described(source),
            MetadataDirective: 'REPLACE',
            // Tags would take permissions of their own, and copies in parts have none.
            TaggingDirective: 'REPLACE',
          }),
        );
        return 'created' as const;
      }),

    async openUpload(source, { bucket: Bucket, key: Key }) {
      const { UploadId } = await send(
        new CreateMultipartUploadCommand({
          Bucket,
          Key,
          ...described(source),
          ChecksumAlgorithm: checksumLike(source),
          ChecksumType: 'FULL_OBJECT',
        }),
      );
      const target = { Bucket, Key, UploadId };
      const upload: Upload = {
        copyPart: (number, range) =>
          unlessRefused(source, async () => {
            const { CopyPartResult } = await send(
              new UploadPartCopyCommand({
                ...target,
                ...pinned(source),
                PartNumber: number,
                CopySourceRange: rangeHeader(range),
              }),
            );
            return { number, etag: CopyPartResult?.ETag ?? '' };
          }),

        finish: (parts) =>
          unlessRefused(source, async () => {
            await send(
              new CompleteMultipartUploadCommand({
                ...target,
                MultipartUpload: {
                  Parts: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })),
                },
                MpuObjectSize: source.size,
                IfNoneMatch: '*',
              }),
            );
            return 'created' as const;
          }),

        async abort() {
          await s3
            .send(new AbortMultipartUploadCommand(target), { abortSignal: AbortSignal.timeout(ABORT_MS) })
            // The bucket's lifecycle rule removes what is left.
            .catch(() => {});
        },
      };
      return upload;
    },
  };
}

/** NoSuchUpload: a request whose answer was lost has finished it, and looking at the target tells. */
const REFUSALS: ReadonlySet<string> = new Set(['PreconditionFailed', 'NoSuchKey', 'NoSuchUpload']);

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

const isDenied = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === 403;

const quoted = (etag: string): string => `"${etag}"`;
const rangeHeader = ({ first, last }: ByteRange): string => `bytes=${first}-${last}`;

const pinned = ({ bucket, key, etag }: StoredObject) => ({
  CopySource: `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`,
  CopySourceIfMatch: quoted(etag),
});
