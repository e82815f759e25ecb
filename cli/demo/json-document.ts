import type { World } from '../../engines/world.ts';
import { absent } from '../../functions/copy-segment/change.ts';
import { tableDefinitions } from '../../functions/copy-segment/tables.ts';

/** Writes a JSON document piece by piece, a line for each thing in it, so that none of it need be held. */
export interface JsonDocument {
  /** Adds a field to the object that is open. */
  field(name: string, value: unknown): void;
  /** Adds an element to the list that is open. */
  element(value: unknown): void;
  /** Opens an object or a list: in the object that is open under a name, in a list without one. */
  open(kind: '{' | '[', name?: string): void;
  close(): void;
}

export function createJsonDocument(write: (text: string) => void): JsonDocument {
  const closers: string[] = [];
  let isEmpty = true;
  const begin = (name?: string): void => {
    write(`${isEmpty ? '' : ','}\n${name === undefined ? '' : `${JSON.stringify(name)}: `}`);
    isEmpty = false;
  };
  return {
    field(name, value) {
      begin(name);
      write(toJson(value));
    },
    element(value) {
      begin();
      write(toJson(value));
    },
    open(kind, name) {
      if (closers.length > 0) begin(name);
      write(kind);
      closers.push(kind === '{' ? '}' : ']');
      isEmpty = true;
    },
    close() {
      write(`${isEmpty ? '' : '\n'}${closers.pop()}`);
      isEmpty = false;
      if (closers.length === 0) write('\n');
    },
  };
}

/** Adds every item of every table under a name. */
export async function addTables(document: JsonDocument, name: string, world: World): Promise<void> {
  document.open('{', name);
  for (const kind of Object.keys(tableDefinitions) as (keyof typeof tableDefinitions)[]) {
    document.open('[', kind);
    for await (const page of world.scan(kind)) for (const item of page) document.element(item);
    document.close();
  }
  document.close();
}

const TIMES_AND_COUNTS =
  /At$|^(taskVersion|enqueueCount|lostLeases|dropAttempts|retries|looks|dueShard|numOfRows|(total|completed|copied)[A-Z]\w*)$/;

/**
 * DynamoDB's numbers arrive as bigint: ids become decimal strings, as in every JSON; times and counts fit. Binary is
 * base64. A condition that an attribute is absent is `{ "absent": true }`.
 */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (name, inner: unknown) => {
    if (typeof inner === 'bigint') return TIMES_AND_COUNTS.test(name) ? Number(inner) : String(inner);
    if (inner instanceof Uint8Array) return Buffer.from(inner).toString('base64');
    return inner === absent ? { absent: true } : inner;
  });
