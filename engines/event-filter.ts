/** What Lambda compares at the end of a path: its value, or that there is none. */
type Leaf = string | number | boolean | null | undefined;

/**
 * Whether a record passes a filter of an event source, as Lambda documents it: an object in the pattern goes down the
 * record, a list is at a leaf and takes any of its values or rules, and all leaves of the pattern must agree. A path that
 * the record does not have is a leaf that is absent. Text is compared exactly; a number of DynamoDB is text.
 *
 * @throws Error for a rule that is not known here, so that no pattern is believed that was not tried
 */
export function passesFilter(pattern: unknown, record: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.some((rule) => agrees(rule, leafOf(record)));
  if (!isObject(pattern)) throw new Error(`no pattern: ${JSON.stringify(pattern)}`);
  return Object.entries(pattern).every(([name, below]) =>
    passesFilter(below, isObject(record) ? record[name] : undefined),
  );
}

function agrees(rule: unknown, leaf: Leaf): boolean {
  if (!isObject(rule)) return leaf === rule;
  const [[name, operand] = [], ...others] = Object.entries(rule);
  if (others.length > 0) throw new Error(`a rule has one operator: ${JSON.stringify(rule)}`);
  switch (name) {
    case 'exists':
      return (leaf !== undefined) === operand;
    case 'anything-but':
      return leaf !== undefined && !([operand].flat() as Leaf[]).includes(leaf);
    default:
      throw new Error(`unknown operator: ${JSON.stringify(rule)}`);
  }
}

/** A map or a list is no leaf: rules do not see it. */
const leafOf = (value: unknown): Leaf =>
  (typeof value === 'object' && value !== null ? undefined : value) as Leaf;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
