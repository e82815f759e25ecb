import type { Row } from '../../engines/load.ts';
import { DEFAULT_DUE_SHARDS } from '../../functions/copy-segment/due-index.ts';
import type { TableKind } from '../../functions/copy-segment/tables.ts';
import { type Line, textOf } from './read-lines.ts';
import { nameOf, readRecord } from './read-record.ts';
import { createSuspicion } from './repeated-keys.ts';
import { UnreadableRestoreError } from './unreadable-restore-error.ts';

/** How many lines an error names; a file of the wrong kind has nothing but bad ones. */
const MAX_LINES_LISTED = 20;

/** Reads the lines of a restore, from the first one on, each time it is called. */
export type LineSource = () => AsyncIterable<Line>;

/**
 * Reads a restore from end to end and checks it: every line can be read, and no key is there twice. Memory does not grow
 * with the file, for which it is read once more where keys have to be compared.
 *
 * @param now epoch milliseconds
 * @returns how many records of each kind there are
 * @throws UnreadableRestoreError that names each line that cannot be loaded, and why
 */
export async function checkRestore(lines: LineSource, now: number): Promise<Record<TableKind, number>> {
  const counts = { jobs: 0, tasks: 0, segments: 0 };
  const problems = createProblems();
  const isSuspect = createSuspicion();
  const firstLineOf = new Map<string, number | undefined>();

  for await (const line of lines()) {
    try {
      const row = readLine(line, now);
      counts[row.table]++;
      const name = nameOf(row);
      if (isSuspect(name)) firstLineOf.set(name, undefined);
    } catch (error) {
      problems.add(line, error instanceof Error ? error.message : String(error));
    }
  }
  if (counts.jobs + counts.tasks + counts.segments === 0 && problems.none())
    throw new UnreadableRestoreError(
      'The file is empty; a restore has one record per line:\n{"job":{…}}, {"task":{…}} or {"segment":{…}}',
    );

  if (firstLineOf.size > 0) {
    for await (const line of lines()) {
      const name = nameIn(line, now);
      if (name === undefined || !firstLineOf.has(name)) continue;
      const first = firstLineOf.get(name);
      if (first === undefined) firstLineOf.set(name, line.number);
      else problems.add(line, `${name} is on line ${first} already`);
    }
  }
  problems.throwIfAny();
  return counts;
}

/** The rows of a restore that has been checked, one by one. */
export async function* rowsOf(lines: LineSource, now: number): AsyncGenerator<Row> {
  for await (const line of lines()) yield readLine(line, now);
}

function readLine(line: Line, now: number): Row {
  return readRecord(textOf(line), now, DEFAULT_DUE_SHARDS);
}

function nameIn(line: Line, now: number): string | undefined {
  try {
    return nameOf(readLine(line, now));
  } catch {
    return undefined;
  }
}

function createProblems() {
  let listed: { number: number; reason: string }[] = [];
  let total = 0;
  return {
    none: () => total === 0,
    add({ number }: Line, reason: string): void {
      total++;
      listed.push({ number, reason });
      // Repeated keys are found after everything else; the first lines of the file are the ones to name.
      if (listed.length > 2 * MAX_LINES_LISTED) listed = first(listed);
    },
    throwIfAny(): void {
      if (total === 0) return;
      const named = first(listed).map(({ number, reason }) => `line ${number}: ${reason}`);
      const more = total - named.length;
      if (more > 0) named.push(`… and ${more} more lines`);
      throw new UnreadableRestoreError(named.join('\n'));
    },
  };
}

const first = <T extends { readonly number: number }>(problems: readonly T[]): T[] =>
  problems.toSorted((a, b) => a.number - b.number).slice(0, MAX_LINES_LISTED);
