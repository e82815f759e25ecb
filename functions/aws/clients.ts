import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

const CONNECTION_TIMEOUT_MS = 1_000;
const REQUEST_TIMEOUT_MS = 3_000;

/** Bounds every request, so that what is in flight ends within the reserve of a pass. */
const bounded = {
  maxAttempts: 4,
  requestHandler: {
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    throwOnRequestTimeout: true,
  },
} as const;

/** Endpoints, region and credentials come from the SDK's own environment unless given. */
export function createDynamoClient(config: DynamoDBClientConfig = {}): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(new DynamoDBClient({ ...bounded, ...config }), {
    // Ids exceed 2^53. A number that is not whole belongs to no attribute of the contract; it is reported.
    unmarshallOptions: { wrapNumbers: (text) => (/^-?\d+$/.test(text) ? BigInt(text) : Number(text)) },
  });
}

export function createSqsClient(config: SQSClientConfig = {}): SQSClient {
  // By default the client calls the host of the queue URL, past AWS_ENDPOINT_URL_SQS.
  return new SQSClient({ ...bounded, ...config, useQueueUrlAsEndpoint: false });
}
