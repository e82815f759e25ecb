import { createReadStream } from 'node:fs';
import { UnreadableRestoreError } from './unreadable-restore-error.ts';
import { wrongKindOf } from './wrong-kind.ts';

/** A line of a file that is not blank. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Bytes of the file up to the end of this line. */
  readonly end: number;
}

/** Far more than an item can hold; a file without line ends must not fill the memory. */
const MAX_LINE_BYTES = 16 * 2 ** 20;
const NEWLINE = 0x0a;

/**
 * Reads a file line by line, holding one at a time. Lines end with a newline alone: `readline` also breaks them at
 * U+2028, which JSON allows in a string.
 *
 * @throws UnreadableRestoreError when the file is no text of lines
 */
export const readLines = (path: string, signal?: AbortSignal): AsyncGenerator<Line> =>
  linesOf(createReadStream(path, { highWaterMark: 2 ** 18, ...(signal && { signal }) }));

/** The lines of what can be read only once, as it comes; see `readLines`. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let number = 0;
  let end = 0;
  let pieces: Buffer[] = [];
  let length = 0;
  let isFirst = true;

  const line = (last: Buffer): Line => {
    const bytes = pieces.length === 0 ? last : Buffer.concat([...pieces, last]);
    pieces = [];
    length = 0;
    return { number: ++number, bytes, end };
  };

  for await (const chunk of chunks) {
    if (isFirst) {
      const wrongKind = wrongKindOf(chunk);
      if (wrongKind) throw new UnreadableRestoreError(wrongKind.reason, wrongKind.filter);
      isFirst = false;
    }
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      end += at + 1 - start;
      const complete = line(chunk.subarray(start, at));
      start = at + 1;
      if (!isBlank(complete.bytes)) yield complete;
    }
    const rest = chunk.subarray(start);
    end += rest.length;
    length += rest.length;
    if (rest.length > 0) pieces.push(rest);
    if (length > MAX_LINE_BYTES)
      throw new UnreadableRestoreError(`Line ${number + 1} is longer than 16 MiB: it must be one record.`);
  }
  const last = line(Buffer.alloc(0));
  if (!isBlank(last.bytes)) yield last;
}

const isBlank = (bytes: Uint8Array): boolean =>
  bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d));

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws Error when the line is not UTF-8 */
export function textOf({ bytes }: Line): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Error('must be UTF-8');
  }
}
