import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { type Bounds, bounded } from './clients.ts';

/** S3 answers a copy once the bytes are there; 256 MiB take it some seconds. */
const BOUNDS: Bounds = { connectionMs: 2_000, requestMs: 60_000, bodyMs: 60_000 };

/** SlowDown is how S3 asks for patience while it spreads a prefix over more machines: some ten seconds' worth of it. */
const MAX_ATTEMPTS = 8;

/** Endpoint, region and credentials come from the SDK's own environment unless given. */
export const createS3Client = (config: S3ClientConfig = {}, bounds: Bounds = BOUNDS): S3Client =>
  new S3Client({
    ...bounded(bounds),
    maxAttempts: MAX_ATTEMPTS,
    // Emulators have one host, and no name for every bucket.
    forcePathStyle: Boolean(
      config.endpoint ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL,
    ),
    ...config,
  });
