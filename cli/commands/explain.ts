import { GetCommand } from '@aws-sdk/lib-dynamodb';
import type { Command } from 'commander';
import type { Targets } from '../../functions/checker/survey.ts';
import { isId, parseId } from '../../functions/copy-segment/ids.ts';
import { explainJob } from '../explain/explain-job.ts';
import { explainSegment } from '../explain/explain-segment.ts';
import { explainTask } from '../explain/explain-task.ts';
import type { Explanation, Remedy, Step } from '../explain/explanation.ts';
import type { Facts } from '../explain/facts.ts';
import { gatherFacts, ofTable } from '../explain/gather-facts.ts';
import { showExplanation } from '../explain/show-explanation.ts';
import type { Surroundings } from '../surroundings.ts';
import { UserError } from '../user-error.ts';
import { addCommand, type CommandCall, type CommandEnd, type Exit } from './command.ts';
import { EXIT } from './exit-code.ts';

const DESCRIPTION = `Says why a job, a task or a segment is where it is, and what to do about it.

It judges as the next pass would, by the same rules, and changes nothing. The
command after DO mends it; where there is only waiting, it says until when.
What it could not read, it says.`;

const EXAMPLES = `  copy-segment explain 449999999999999991      the job, and what holds it up
  copy-segment explain 449999999999999991/12   one of its tasks
  copy-segment explain segment/455338912774914052`;

/** Adds `explain JOB[/TASK]` and `explain segment/ID`. */
export function addExplain(program: Command, surroundings: Surroundings, exit: Exit): void {
  addCommand(program, surroundings, exit, {
    usage: 'explain <what>',
    summary: 'why a job, a task or a segment is where it is, and what to do',
    description: DESCRIPTION,
    examples: EXAMPLES,
    run: explain,
  });
}

type Call = CommandCall<object>;

async function explain(call: Call): Promise<CommandEnd> {
  const explanation = await explained(parseWhat(call.args[0] ?? ''), call);
  const { connection, commandFor, options } = call;
  const profile = options.profile === undefined ? [] : ['--profile', options.profile];
  const region = options.region === undefined ? [] : ['--region', options.region];
  const accounts = { aws: [...profile, ...region], npx: profile };
  const commandOf = ({ program, args }: Step): readonly string[] =>
    program === undefined ? commandFor(...args) : [program, ...args, ...accounts[program]];
  const isWell = explanation.level === 'fine' || explanation.level === 'waiting';
  return {
    code: isWell ? EXIT.ok : EXIT.wrong,
    json: { ...explanation, remedy: withCommands(explanation.remedy, commandOf), of: connection.name },
    text: ({ width }) => showExplanation(explanation, commandOf, width),
  };
}

type What =
  | { readonly kind: 'job'; readonly jobId: bigint; readonly taskId?: bigint | undefined }
  | { readonly kind: 'segment'; readonly segmentId: bigint };

/** @throws UserError for anything but JOB, JOB/TASK and segment/ID */
function parseWhat(text: string): What {
  const [first = '', second, ...rest] = text.split('/');
  const [a, b] = [parseId(first), second === undefined ? undefined : parseId(second)];
  if (rest.length === 0) {
    if (first === 'segment' && b !== undefined) return { kind: 'segment', segmentId: b };
    if (a !== undefined && (second === undefined || b !== undefined))
      return { kind: 'job', jobId: a, taskId: b };
  }
  throw new UserError(`"${text}" is neither JOB, nor JOB/TASK, nor segment/ID; ids are decimal numbers.`);
}

async function explained(what: What, call: Call): Promise<Explanation> {
  const { connection, now, signal } = call;
  if (what.kind === 'segment') return explainedSegment(what.segmentId, call);
  const facts = await gatherFacts(connection, what, { now: now(), signal });
  if (what.taskId === undefined) return explainJob(facts);
  const { task } = facts;
  if (task) return explainTask({ ...facts, task });
  return {
    subject: `task ${what.jobId}/${what.taskId}`,
    level: 'stuck',
    kind: 'missing',
    headline: 'there is no such task',
    lines: [['siblings', `${facts.survey.total} tasks of its job are there`]],
    remedy: {
      kind: 'nothing',
      why: 'There is nothing under this id: is it the right deployment?',
    },
    notRead: [],
  };
}

async function explainedSegment(segmentId: bigint, call: Call): Promise<Explanation> {
  const { connection, now, signal } = call;
  const { dynamo, tables } = connection;
  const Key = { segmentId };
  const { Item: segment } = await ofTable(tables.segments, () =>
    dynamo.send(new GetCommand({ TableName: tables.segments, Key, ConsistentRead: true })),
  );
  const known = { segmentId, segment, table: tables.segments, now: now() };
  const { jobId, taskId } = segment ?? {};
  if (!isId(jobId)) return explainSegment(known);
  const gather = (ofTask: bigint | undefined): Promise<Facts> =>
    gatherFacts(connection, { jobId, taskId: ofTask }, { now: now(), signal });
  const facts = await gather(isId(taskId) ? taskId : undefined);
  if (isId(taskId)) return explainSegment({ ...known, facts });
  const found = taskOf(segmentId, facts.survey.targets);
  return explainSegment({ ...known, facts: found === undefined ? facts : await gather(found) });
}

/** The task that names a target which does not say whose it is. */
function taskOf(segmentId: bigint, { segmentIds, taskIds, ends }: Targets): bigint | undefined {
  for (let task = 0, at = 0; task < taskIds.length; task++)
    for (const end = Number(ends.at(task)); at < end; at++)
      if (segmentIds.at(at) === segmentId) return taskIds.at(task);
  return undefined;
}

/** Each step with its command as it is typed. */
function withCommands(remedy: Remedy, commandOf: (step: Step) => readonly string[]): object {
  const typed = (step: Step): object => ({ ...step, command: commandOf(step) });
  const otherwise = 'otherwise' in remedy && remedy.otherwise ? { otherwise: typed(remedy.otherwise) } : {};
  return remedy.kind === 'do'
    ? { ...remedy, steps: remedy.steps.map(typed), ...otherwise }
    : { ...remedy, ...otherwise };
}
