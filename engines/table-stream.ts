import {
  DescribeTableCommand,
  type DynamoDBClient,
  type DynamoDBClientConfig,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';

/** A record as Lambda hands it to a function. */
export interface LambdaRecord {
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly eventSourceARN: string;
  readonly dynamodb: {
    readonly SequenceNumber: string;
    readonly Keys: Record<string, unknown>;
    readonly NewImage?: Record<string, unknown>;
    readonly OldImage?: Record<string, unknown>;
  };
}

/** The stream of a table, read from its beginning. */
export interface TableStream {
  /** The records since the last call, in their order. */
  read(): Promise<LambdaRecord[]>;
  close(): void;
}

/** @throws Error for a table without a stream */
export async function openStream(
  dynamo: DynamoDBClient,
  config: DynamoDBClientConfig,
  TableName: string,
): Promise<TableStream> {
  const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }));
  const StreamArn = Table?.LatestStreamArn;
  if (StreamArn === undefined) throw new Error(`table ${TableName} has no stream`);
  const streams = new DynamoDBStreamsClient(config);
  const iterators = new Map<string, string>();

  const openNewShards = async (): Promise<void> => {
    const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
    for (const { ShardId = '' } of StreamDescription?.Shards ?? []) {
      if (iterators.has(ShardId)) continue;
      const from = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' as const };
      const { ShardIterator = '' } = await streams.send(new GetShardIteratorCommand(from));
      iterators.set(ShardId, ShardIterator);
    }
  };

  return {
    async read() {
      await openNewShards();
      const read: LambdaRecord[] = [];
      for (const [shard, iterator] of iterators) {
        let next = iterator;
        for (;;) {
          const { Records = [], NextShardIterator = '' } = await streams.send(
            new GetRecordsCommand({ ShardIterator: next }),
          );
          read.push(...Records.map((record) => asLambdaDoes(record, StreamArn)));
          next = NextShardIterator;
          if (Records.length === 0 || next === '') break;
        }
        iterators.set(shard, next);
      }
      return read;
    },
    close: () => streams.destroy(),
  };
}

/** Plain JSON, bytes in base64. */
const asLambdaDoes = (record: object, eventSourceARN: string): LambdaRecord =>
  JSON.parse(
    JSON.stringify({ ...record, eventSourceARN }, (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    ),
  );
