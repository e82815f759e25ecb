/** What DynamoDB adds to each item that it stores. Source: "DynamoDB item sizes and formats". */
const BYTES_PER_ITEM = 100;

/** What an item takes in a table, as DynamoDB charges for storage. */
export const storedBytes = (item: object): number => BYTES_PER_ITEM + namesAndValues(item);

const namesAndValues = (item: object): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + bytesOf(value), 0);

/** A number takes a byte per two digits, and one. */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number' || typeof value === 'bigint') return Math.ceil(String(value).length / 2) + 1;
  if (value instanceof Uint8Array) return value.length;
  if (Array.isArray(value)) return value.reduce((sum, one) => sum + 1 + bytesOf(one), 3);
  if (typeof value === 'object' && value !== null)
    return 3 + namesAndValues(value) + Object.keys(value).length;
  return 1;
}
