import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { inject } from 'vitest';
import { createS3Client } from '../../functions/aws/s3-client.ts';

/** The names of all buckets on the S3 of the whole run. */
export async function bucketsThere(): Promise<string[]> {
  const s3 = createS3Client({
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    endpoint: inject('s3Endpoint'),
  });
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  s3.destroy();
  return Buckets.map(({ Name = '' }) => Name);
}
