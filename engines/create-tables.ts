import {
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import {
  type TableDefinition,
  type TableKind,
  type TableNames,
  tableDefinitions,
} from '../functions/copy-segment/tables.ts';

/** The tables as `CreateTable` takes them, from the definition that CDK deploys. */
export function createTableInput(TableName: string, definition: TableDefinition): CreateTableCommandInput {
  const { partitionKey, sortKey, dueIndex } = definition;
  const attributes = [partitionKey, sortKey, dueIndex?.partitionKey, dueIndex?.sortKey].filter(
    (name) => name !== undefined,
  );
  return {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: attributes.map((AttributeName) => ({ AttributeName, AttributeType: 'N' })),
    KeySchema: keySchema(partitionKey, sortKey),
    ...(dueIndex && {
      GlobalSecondaryIndexes: [
        {
          IndexName: dueIndex.name,
          KeySchema: keySchema(dueIndex.partitionKey, dueIndex.sortKey),
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...dueIndex.nonKeyAttributes] },
        },
      ],
    }),
  };
}

const keySchema = (partitionKey: string, sortKey: string | undefined) => [
  { AttributeName: partitionKey, KeyType: 'HASH' as const },
  ...(sortKey === undefined ? [] : [{ AttributeName: sortKey, KeyType: 'RANGE' as const }]),
];

/** As CDK deploys it: event patterns compare what an item is with what it was. */
const STREAM = { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } as const;

/**
 * Creates the three tables and waits until they can be used. When one of them cannot be created, it throws only after
 * the others have come to their end, so that its caller can delete them.
 *
 * @param streams whether Jobs and Tasks have one
 */
export async function createTables(
  client: DynamoDBClient,
  names: TableNames,
  { streams = false }: { readonly streams?: boolean } = {},
): Promise<void> {
  const kinds = Object.keys(tableDefinitions) as TableKind[];
  const creations = await Promise.allSettled(
    kinds.map(async (kind) => {
      const input = createTableInput(names[kind], tableDefinitions[kind]);
      await client.send(
        new CreateTableCommand({
          ...input,
          ...(streams && kind !== 'segments' && { StreamSpecification: STREAM }),
        }),
      );
      await waitUntilTableExists({ client, maxWaitTime: 120, minDelay: 1 }, { TableName: names[kind] });
    }),
  );
  for (const creation of creations) if (creation.status === 'rejected') throw creation.reason;
}
