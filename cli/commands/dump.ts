import { type Command, Option } from 'commander';
import { dumpJob, dumpTables } from '../dump-file/dump-tables.ts';
import { formatRecord } from '../dump-file/record.ts';
import { parseJob } from '../operate/parse-key.ts';
import type { Surroundings } from '../surroundings.ts';
import { countOf } from '../terminal/count-of.ts';
import { addCommand, type CommandCall, type CommandEnd, type Exit } from './command.ts';
import { EXIT } from './exit-code.ts';

interface DumpOptions {
  readonly job?: string;
}

const DESCRIPTION = `Writes the tables to standard output, one item per line, exactly as DynamoDB
holds them: {"table":"tasks","item":{"jobId":{"N":"1"}, …}}.

load puts them back. A dump of a table that is written to meanwhile is no
snapshot of one moment.`;

const EXAMPLES = `  copy-segment dump --stack CopySegmentInspector | gzip > tables.ndjson.gz
  copy-segment dump --job 449999999999999991 > restore.ndjson
      one restore: its job, its tasks and their targets, for a bug report`;

/** Adds `dump`. */
export function addDump(program: Command, surroundings: Surroundings, exit: Exit): void {
  addCommand<DumpOptions>(program, surroundings, exit, {
    usage: 'dump',
    summary: 'write the tables, or one restore, as NDJSON',
    description: DESCRIPTION,
    examples: EXAMPLES,
    exitCodes: 'Exit codes: 0 dumped, 1 there is no such job, 2 usage, 3 AWS.',
    options: [new Option('--job <id>', 'only this job, its tasks and their target segments')],
    run: dump,
  });
}

/** Written together: a line each would be a system call each. */
const LINES_PER_WRITE = 100;

async function dump({
  connection,
  options,
  out,
  err,
  signal,
}: CommandCall<DumpOptions>): Promise<CommandEnd> {
  const records =
    options.job === undefined
      ? dumpTables(connection, signal)
      : dumpJob(connection, parseJob(options.job), signal);
  const counts: Record<string, number> = { jobs: 0, tasks: 0, segments: 0 };
  let lines: string[] = [];
  const flush = async (): Promise<void> => {
    await out.write(lines.map((line) => `${line}\n`).join(''));
    lines = [];
  };
  for await (const record of records) {
    // Whoever reads the output may have enough of it.
    if (signal.aborted) return { code: EXIT.interrupted, json: undefined, text: () => '' };
    counts[record.table] = (counts[record.table] ?? 0) + 1;
    lines.push(formatRecord(record));
    if (lines.length === LINES_PER_WRITE) await flush();
  }
  await flush();
  const { jobs = 0, tasks = 0, segments = 0 } = counts;
  if (options.job !== undefined && jobs + tasks === 0) {
    await err.write(`There is no job ${options.job}.\n`);
    return { code: EXIT.wrong, json: undefined, text: () => '' };
  }
  const summary = `${countOf(jobs, 'job')}, ${countOf(tasks, 'task')}, ${countOf(segments, 'segment')}`;
  await err.write(`Dumped ${summary}.\n`);
  return { code: EXIT.ok, json: undefined, text: () => '' };
}
