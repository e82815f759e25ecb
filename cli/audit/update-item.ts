import { marshall } from '@aws-sdk/util-dynamodb';
import type { TableNames } from '../../functions/copy-segment/tables.ts';
import type { Finding } from './audit.ts';

interface Update {
  readonly set?: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
  /** Attributes that must still be as the audit found them. */
  readonly asFound: readonly string[];
}

/** The one attribute whose name DynamoDB's expressions do not take as it is. */
const RESERVED = 'state';

/**
 * `aws dynamodb update-item` on the item that breaks an invariant, as the AWS CLI takes it. It is pasted minutes later: it
 * writes only if the item exists, and is what it was.
 */
export function updateItem(
  { key, found = {} }: Finding,
  tables: TableNames,
  { set = {}, remove = [], asFound }: Update,
): string[] {
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  const nameOf = (attribute: string): string => {
    if (attribute !== RESERVED) return attribute;
    names[`#${attribute}`] = attribute;
    return `#${attribute}`;
  };
  const placeholder = (name: string, value: unknown): string => {
    values[name] = value;
    return name;
  };
  const [table, itemKey] = itemOf(key, tables);

  const sets = Object.entries(set).map(
    ([attribute, value]) => `${nameOf(attribute)} = ${placeholder(`:${attribute}`, value)}`,
  );
  const expression = [
    ...(sets.length > 0 ? [`SET ${sets.join(', ')}`] : []),
    ...(remove.length > 0 ? [`REMOVE ${remove.map(nameOf).join(', ')}`] : []),
  ].join(' ');
  const conditions = [
    ...Object.keys(itemKey).map((attribute) => `attribute_exists(${nameOf(attribute)})`),
    ...asFound.map((attribute) =>
      found[attribute] === undefined
        ? `attribute_not_exists(${nameOf(attribute)})`
        : `${nameOf(attribute)} = ${placeholder(`:${attribute}Was`, found[attribute])}`,
    ),
  ];
  return [
    ...['aws', 'dynamodb', 'update-item', '--table-name', table],
    ...['--key', JSON.stringify(marshall(itemKey)), '--update-expression', expression],
    ...['--condition-expression', conditions.join(' AND ')],
    ...(Object.keys(names).length > 0 ? ['--expression-attribute-names', JSON.stringify(names)] : []),
    ...['--expression-attribute-values', JSON.stringify(marshall(values))],
  ];
}

function itemOf({ jobId, taskId, segmentId }: Finding['key'], tables: TableNames): [string, object] {
  if (segmentId !== undefined) return [tables.segments, { segmentId }];
  return taskId === undefined ? [tables.jobs, { jobId }] : [tables.tasks, { jobId, taskId }];
}
