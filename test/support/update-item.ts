import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';

/**
 * `dynamodb update-item`, as the AWS CLI reads it.
 *
 * @param args what is typed after `aws`
 */
export function updateItemOf(args: readonly string[]): UpdateItemCommand {
  const textOf = (flag: string): string => args[args.indexOf(flag) + 1] ?? '';
  const jsonOf = (flag: string) => (args.includes(flag) ? JSON.parse(textOf(flag)) : undefined);
  if (args.slice(0, 2).join(' ') !== 'dynamodb update-item') throw new Error(`not run: ${args.join(' ')}`);
  return new UpdateItemCommand({
    TableName: textOf('--table-name'),
    Key: jsonOf('--key'),
    UpdateExpression: textOf('--update-expression'),
    ConditionExpression: textOf('--condition-expression'),
    ExpressionAttributeNames: jsonOf('--expression-attribute-names'),
    ExpressionAttributeValues: jsonOf('--expression-attribute-values'),
  });
}
