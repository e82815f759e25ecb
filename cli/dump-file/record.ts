import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { type TableKind, tableDefinitions } from '../../functions/copy-segment/tables.ts';

/** An item in DynamoDB's own types: numbers as text, so that none loses a digit. */
export type StoredItem = Readonly<Record<string, AttributeValue>>;

/** One line of a dump. */
export interface DumpRecord {
  readonly table: TableKind;
  readonly item: StoredItem;
}

/**
 * `{"table":"tasks","item":{"jobId":{"N":"1"},…}}`, binaries in base64, as DynamoDB's own exports have them. The key comes
 * first, the other attributes by name: DynamoDB has no order of them, and two dumps are to be compared by `diff`.
 */
export function formatRecord({ table, item }: DumpRecord): string {
  const key = Object.fromEntries(keyNames(table).flatMap((name) => (item[name] ? [[name, item[name]]] : [])));
  return JSON.stringify({ table, item: { ...key, ...inOrder(item) } }, (name, value) =>
    value instanceof Uint8Array
      ? Buffer.from(value).toString('base64')
      : name === 'M' && isMap(value)
        ? inOrder(value)
        : value,
  );
}

const inOrder = <T>(map: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));

const keyNames = (table: TableKind): string[] => {
  const { partitionKey, sortKey } = { sortKey: undefined, ...tableDefinitions[table] };
  return [partitionKey, ...(sortKey === undefined ? [] : [sortKey])];
};

/** @throws Error that says why the line is no record of a dump */
export function parseRecord(text: string): DumpRecord {
  const record: unknown = JSON.parse(text);
  if (!isMap(record) || !isMap(record.item)) {
    const isRestore = isMap(record) && ['job', 'task', 'segment'].some((kind) => isMap(record[kind]));
    throw new Error(
      isRestore
        ? "is a restore in Milvus' proto JSON, no dump: npm start -- --file loads it"
        : 'must be {"table":"tasks","item":{…}}, as dump writes it',
    );
  }
  const { table, item } = record;
  if (typeof table !== 'string' || !Object.hasOwn(tableDefinitions, table))
    throw new Error(`table must be one of ${Object.keys(tableDefinitions).join(', ')}, is ${table}`);
  const read: DumpRecord = { table: table as TableKind, item: mapOf(item, 'item') };
  for (const name of keyNames(read.table))
    if (read.item[name]?.N === undefined)
      throw new Error(`item.${name}, of the key of ${table}, must be a number such as {"N":"1"}`);
  return read;
}

type Json = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mapOf = (value: Json, path: string): StoredItem =>
  Object.fromEntries(Object.entries(value).map(([name, one]) => [name, attributeOf(one, `${path}.${name}`)]));

const NUMBER = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function attributeOf(value: unknown, path: string): AttributeValue {
  const [entry, ...others] = isMap(value) ? Object.entries(value) : [];
  if (entry === undefined || others.length > 0) throw new Error(`${path} must be a value such as {"N":"1"}`);
  const [type, content] = entry;
  const text = (one: unknown): string => check(one, typeof one === 'string');
  const check = <T>(one: T, isRight: boolean): T & string => {
    if (!isRight) throw new Error(`${path} is no ${type}: ${JSON.stringify(one)}`);
    return one as T & string;
  };
  const number = (one: unknown): string => check(text(one), NUMBER.test(String(one)));
  const bytes = (one: unknown): Uint8Array =>
    new Uint8Array(Buffer.from(check(text(one), BASE64.test(String(one))), 'base64'));
  const list = <T>(of: (one: unknown) => T): T[] => {
    check(content, Array.isArray(content));
    return (content as unknown[]).map(of);
  };
  switch (type) {
    case 'S':
      return { S: text(content) };
    case 'N':
      return { N: number(content) };
    case 'B':
      return { B: bytes(content) };
    case 'BOOL':
      check(content, typeof content === 'boolean');
      return { BOOL: content as boolean };
    case 'NULL':
      check(content, content === true);
      return { NULL: true };
    case 'SS':
      return { SS: list(text) };
    case 'NS':
      return { NS: list(number) };
    case 'BS':
      return { BS: list(bytes) };
    case 'L':
      return { L: list((one) => attributeOf(one, `${path}[]`)) };
    case 'M':
      check(content, isMap(content));
      return { M: mapOf(content as Json, path) };
    default:
      throw new Error(`${path} is of type ${type}, which DynamoDB does not have`);
  }
}
