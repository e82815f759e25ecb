/** What a file is instead of a restore. */
export interface WrongKind {
  readonly reason: string;
  /** The beginning of a command that makes a restore of it. */
  readonly filter: string;
}

/** What a file of another kind begins with, and how to make lines of it. */
const COMPRESSIONS = [
  { name: 'gzip', magic: [0x1f, 0x8b], tool: 'gunzip -c' },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd], tool: 'zstd -dc' },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], tool: 'bunzip2 -c' },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], tool: 'xz -dc' },
  { name: 'zip', magic: [0x50, 0x4b, 0x03, 0x04], tool: 'unzip -p' },
] as const;

/**
 * What a file is, by its first bytes, if it is not a text of lines of JSON.
 *
 * @param head as many bytes as there are at hand, from the first one on
 */
export function wrongKindOf(head: Buffer): WrongKind | undefined {
  const compression = COMPRESSIONS.find(({ magic }) => magic.every((byte, index) => head[index] === byte));
  if (compression)
    return { reason: `The file is compressed with ${compression.name}.`, filter: compression.tool };

  // With a byte order mark, or without one: JSON begins with ASCII, so every second byte is 0.
  const [first, second] = head;
  const hasMark = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (hasMark || first === 0 || second === 0)
    return {
      reason: 'The file is UTF-16, as PowerShell writes it; it must be UTF-8.',
      filter: 'iconv -f UTF-16 -t UTF-8',
    };

  const text = head
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  const firstLine = text.slice(0, text.search(/\r?\n|$/)).trimEnd();
  if (text.startsWith('['))
    return { reason: 'The file is a JSON array; a restore has one record per line.', filter: "jq -c '.[]'" };
  if (/^\{.*[{[,]$|^\{$/.test(firstLine))
    return {
      reason: 'The file is JSON over several lines; a restore has one record per line.',
      filter: 'jq -c .',
    };
  return undefined;
}
