import { type Command, InvalidArgumentError, Option } from 'commander';
import { describeError } from '../../functions/copy-segment/describe-error.ts';
import { GRACE_MS } from '../explain/condition.ts';
import { explainJob } from '../explain/explain-job.ts';
import { gatherFacts } from '../explain/gather-facts.ts';
import { isPassing } from '../is-passing.ts';
import { parseJob } from '../operate/parse-key.ts';
import { ailmentsOf } from '../status/is-healthy.ts';
import { jobStatusText } from '../status/job-status-text.ts';
import { readStatus } from '../status/read-status.ts';
import { showStatus } from '../status/show-status.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Screen } from '../terminal/screen.ts';
import { addCommand, type CommandCall, type CommandEnd, type Exit } from './command.ts';
import { documentOf } from './document.ts';
import { EXIT } from './exit-code.ts';

interface StatusOptions {
  /** Seconds. */
  readonly watch?: number | true;
}

const DEFAULT_WATCH_S = 5;

const DESCRIPTION = `Shows how passes, queue, workers and jobs do. Of one job: exactly what its
tasks are in; of all of them: as their counters have it, which may lag behind.

Pending is three things: never sent, in the queue, and overdue, which were sent
and are due once more. What cannot be reached is said, not guessed.`;

const EXAMPLES = `  copy-segment status --stack CopySegmentInspector
  copy-segment status --watch           refreshed every 5 seconds, until Ctrl-C
  copy-segment status 449999999999999991`;

/** Adds `status [JOB]`. */
export function addStatus(program: Command, surroundings: Surroundings, exit: Exit): void {
  addCommand<StatusOptions>(program, surroundings, exit, {
    usage: 'status [job]',
    summary: 'how passes, queue, workers and jobs do',
    description: DESCRIPTION,
    examples: EXAMPLES,
    options: [new Option('--watch [seconds]', 'refresh in place until Ctrl-C').argParser(parseSeconds)],
    run: status,
  });
}

/** @throws InvalidArgumentError for anything but a number of seconds */
function parseSeconds(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('It must be a number of seconds.');
  return Number(text);
}

type Call = CommandCall<StatusOptions>;

async function status(call: Call): Promise<CommandEnd> {
  const { args, options, signal } = call;
  const jobId = args[0] === undefined ? undefined : parseJob(args[0]);
  const look = (): Promise<CommandEnd> => (jobId === undefined ? ofAll(call) : ofJob(call, jobId));
  if (options.watch === undefined) return look();

  const everyMs = (options.watch === true ? DEFAULT_WATCH_S : options.watch) * 1_000;
  let last = await look();
  while (!signal.aborted) {
    await showInPlace(call, last);
    await call.sleep(everyMs);
    if (signal.aborted) break;
    try {
      last = await look();
    } catch (error) {
      if (signal.aborted) break;
      if (!isPassing(error)) throw error;
      await call.err.write(`AWS did not answer, and is asked again: ${describeError(error)}\n`);
    }
  }
  return { ...last, text: () => '' };
}

const HOME_AND_CLEAR = '\u001b[H\u001b[2J';

async function showInPlace({ out, options, connection }: Call, { json, text }: CommandEnd): Promise<void> {
  if (options.json && json !== undefined) return out.write(`${documentOf(json, connection.meter)}\n`);
  const { screen } = out;
  await out.write(
    `${screen.isTerminal ? HOME_AND_CLEAR : ''}${text(screen)}\n${screen.isTerminal ? '' : '\n'}`,
  );
}

async function ofAll({ connection, now, signal, commandFor }: Call): Promise<CommandEnd> {
  const found = await readStatus(connection, { now: now(), signal });
  const ailments = ailmentsOf(found);
  return {
    code: ailments.length === 0 ? EXIT.ok : EXIT.wrong,
    json: { of: connection.name, healthy: ailments.length === 0, ailments, ...found },
    text: (screen: Screen) => showStatus(found, screen, commandFor),
  };
}

async function ofJob({ connection, now, signal, commandFor }: Call, jobId: bigint): Promise<CommandEnd> {
  const facts = await gatherFacts(connection, { jobId }, { now: now(), signal });
  const { kind, headline, ...explained } = explainJob(facts);
  // The next pass is no more than a minute away.
  const isSoon = (facts.tally.worst?.dueAt ?? 0) > facts.now - GRACE_MS;
  const level = explained.level === 'late' && isSoon ? 'waiting' : explained.level;
  const { counters, total, distinctTargets } = facts.survey;
  return {
    code: level === 'fine' || level === 'waiting' ? EXIT.ok : EXIT.wrong,
    json: {
      of: connection.name,
      jobId,
      level,
      kind,
      headline,
      tasks: { total, byState: facts.tally.byState, byCondition: facts.tally.byCondition },
      segments: { done: counters.completedSegments, total: distinctTargets },
      worst: facts.tally.worst,
    },
    text: ({ width }: Screen) => jobStatusText(facts, { level, headline }, Math.min(width, 80), commandFor),
  };
}
