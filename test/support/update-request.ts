/** What a request of `UpdateItem` means, whatever placeholders it is written with. */
export interface UpdateMeaning {
  readonly key: unknown;
  /** `attribute`, `attribute = value`, each of which must hold. */
  readonly if: readonly string[];
  readonly set?: Readonly<Record<string, unknown>>;
  readonly add?: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
}

interface UpdateRequest {
  readonly Key?: unknown;
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
}

/** Reads a request whose expressions are as simple as a conjunction and assignments of values. */
export function meaningOf(request: UpdateRequest): UpdateMeaning {
  const {
    ExpressionAttributeNames: names = {},
    ExpressionAttributeValues: values = {},
    UpdateExpression = '',
    ConditionExpression = '',
  } = request;
  const nameOf = (text: string): string => names[text] ?? text;
  const placeholder = (text: string): unknown => {
    if (!(text in values)) throw new Error(`${text} has no value`);
    const value = values[text];
    return typeof value === 'number' ? BigInt(value) : value;
  };
  const [, ...clauses] = UpdateExpression.split(/\b(SET|ADD|REMOVE) /);
  const parts = (keyword: string): string[] => {
    const at = clauses.indexOf(keyword);
    return at < 0 ? [] : (clauses[at + 1] ?? '').trim().split(', ');
  };
  const pairs = (keyword: string, separator: string) =>
    Object.fromEntries(
      parts(keyword).map((part) => {
        const [name = '', value = ''] = part.split(separator);
        return [nameOf(name), placeholder(value)];
      }),
    );
  const conditions = ConditionExpression.split(' AND ').map((condition) =>
    condition
      .replace(/#\w+/g, nameOf)
      .replace(/:\w+/g, (text) => String(placeholder(text)))
      .replace(/"/g, ''),
  );
  return {
    key: request.Key,
    if: conditions.sort(),
    ...(clauses.includes('SET') && { set: pairs('SET', ' = ') }),
    ...(clauses.includes('ADD') && { add: pairs('ADD', ' ') }),
    ...(clauses.includes('REMOVE') && { remove: parts('REMOVE').map(nameOf).sort() }),
  };
}
