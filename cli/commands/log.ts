import { type Command, InvalidArgumentError, Option } from 'commander';
import { describeError } from '../../functions/copy-segment/describe-error.ts';
import { parseId } from '../../functions/copy-segment/ids.ts';
import { type ChangeFilter, MAX_ROWS } from '../action-log/insights.ts';
import { type LoggedChange, readChanges } from '../action-log/read-changes.ts';
import { changeLine } from '../action-log/show-change.ts';
import { isPassing } from '../is-passing.ts';
import type { Surroundings } from '../surroundings.ts';
import { addCommand, type CommandCall, type CommandEnd, type Exit } from './command.ts';
import { EXIT } from './exit-code.ts';

interface LogOptions {
  readonly job?: ChangeFilter;
  readonly segment?: string;
  /** Milliseconds. */
  readonly since: number;
  readonly follow?: true;
  readonly all?: true;
}

const HOUR_MS = 3_600_000;
const MS_PER_UNIT = { s: 1_000, m: 60_000, h: HOUR_MS, d: 24 * HOUR_MS } as const;

/** CloudWatch shows a line some seconds after it was written, and not always in order. */
const OVERLAP_MS = 60_000;
const FOLLOW_EVERY_MS = 5_000;

const DESCRIPTION = `Shows who changed which job, task or segment, when and why: a line per change,
from the action log of inspector and checker, by CloudWatch Logs Insights.

A query costs by what it scans: a shorter time costs less.`;

const EXAMPLES = `  copy-segment log --segment 455338912774914052 --since 7d
      who dropped it, when and why
  copy-segment log --job 449999999999999991/12
  copy-segment log --since 10m --follow`;

/** Adds `log`. */
export function addLog(program: Command, surroundings: Surroundings, exit: Exit): void {
  addCommand<LogOptions>(program, surroundings, exit, {
    usage: 'log',
    summary: 'who changed what, when and why',
    description: DESCRIPTION,
    examples: EXAMPLES,
    exitCodes: 'Exit codes: 0 shown, 2 usage, 3 AWS.',
    options: [
      new Option('--job <job[/task]>', 'only changes on behalf of this job, or task').argParser(parseJob),
      new Option('--segment <id>', 'only changes of this segment').argParser(parseSegment),
      new Option('--since <time>', 'how far back, such as 30m, 6h or 7d')
        .argParser(parseSince)
        .default(HOUR_MS, '1h'),
      new Option('--follow', 'show what is changed from now on, until Ctrl-C'),
      new Option('--all', 'show all of them, not one screen'),
    ],
    run: log,
  });
}

type Call = CommandCall<LogOptions>;

const FOLLOWED: CommandEnd = { code: EXIT.ok, json: undefined, text: () => '' };

async function log(call: Call): Promise<CommandEnd> {
  try {
    return await show(call);
  } catch (error) {
    // Ctrl-C is how following ends, whatever is under way.
    if (call.options.follow && call.signal.aborted) return FOLLOWED;
    throw error;
  }
}

async function show(call: Call): Promise<CommandEnd> {
  const { connection, options, now, signal, out } = call;
  const { isTerminal, maxLines, width } = out.screen;
  const filter: ChangeFilter = { ...options.job, segmentId: options.segment };
  // One more than is shown tells whether there are more.
  const limit = isTerminal && !options.all && !options.json ? maxLines + 1 : MAX_ROWS;
  const to = now();
  const found = await readChanges(connection, filter, { from: to - options.since, to }, { limit, signal });
  const isMore = found.length === limit;
  const changes = isMore ? found.slice(1) : found;
  const moreLines = isMore
    ? [`… and more before: ${limit === MAX_ROWS ? 'a shorter --since' : '--all'}`]
    : [];
  if (options.follow) {
    if (!options.json) await out.write(moreLines.map((line) => `${line}\n`).join(''));
    await write(call, changes);
    await follow(call, filter, changes, to);
    return FOLLOWED;
  }
  return {
    code: EXIT.ok,
    json: { changes, isMore },
    text: () =>
      [
        ...moreLines,
        ...changes.map((change) => changeLine(change, width)),
        ...(changes.length === 0 ? ['Nothing was changed in that time.'] : []),
      ].join('\n'),
  };
}

/** Shows each change once, however often it is found, until it is stopped. */
async function follow(call: Call, filter: ChangeFilter, shown: readonly LoggedChange[], since: number) {
  const { connection, now, signal, sleep, err } = call;
  let known = new Map(shown.map((change) => [identityOf(change), change.timestamp]));
  let from = since;
  let told = '';
  for (;;) {
    await sleep(FOLLOW_EVERY_MS);
    if (signal.aborted) return;
    const to = now();
    const period = { from: from - OVERLAP_MS, to };
    try {
      const found = await readChanges(connection, filter, period, { signal });
      if (found.length === MAX_ROWS)
        await err.write(`More than ${MAX_ROWS} changes at once: some are left out\n`);
      const fresh = found.filter((change) => !known.has(identityOf(change)));
      await write(call, fresh);
      for (const change of fresh) known.set(identityOf(change), change.timestamp);
      // A line is a little older than CloudWatch has it.
      known = new Map(
        [...known].filter(([, timestamp]) => Date.parse(timestamp) >= period.from - OVERLAP_MS),
      );
      from = to;
      told = '';
    } catch (error) {
      if (!isPassing(error)) throw error;
      // What is missed now is in the next answer, which begins where this one would have.
      const text = describeError(error);
      if (text !== told) await err.write(`The log did not answer, and is asked again: ${text}\n`);
      told = text;
    }
  }
}

/** By what it says: nothing promises that a pointer is the same in two answers. */
const identityOf = ({ ptr: _, ...line }: LoggedChange): string => JSON.stringify(line);

async function write({ out, options }: Call, changes: readonly LoggedChange[]): Promise<void> {
  const lineOf = (change: LoggedChange): string =>
    options.json ? JSON.stringify(change) : changeLine(change, out.screen.width);
  if (changes.length > 0) await out.write(changes.map((change) => `${lineOf(change)}\n`).join(''));
}

/** @throws InvalidArgumentError for anything but JOB and JOB/TASK */
function parseJob(text: string): ChangeFilter {
  const [jobId = '', taskId, ...rest] = text.split('/');
  const isRight = [jobId, ...(taskId === undefined ? [] : [taskId])].every((id) => parseId(id) !== undefined);
  if (!isRight || rest.length > 0) throw new InvalidArgumentError('It must be JOB or JOB/TASK.');
  return { jobId, taskId };
}

/** @throws InvalidArgumentError for anything but an id */
function parseSegment(text: string): string {
  if (parseId(text) === undefined) throw new InvalidArgumentError('It must be a segment id.');
  return text;
}

/** @throws InvalidArgumentError for anything but a number and its unit */
function parseSince(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([smhd])$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('It must be a time such as 30m, 6h or 7d.');
  return Number(count) * MS_PER_UNIT[unit as keyof typeof MS_PER_UNIT];
}
