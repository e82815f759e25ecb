import { createTableReads } from '../../functions/aws/table-reads.ts';
import { type CommandCall, type CommandEnd, EXIT } from '../commands/command.ts';

type Call = Pick<CommandCall<{ readonly jobs?: readonly string[] }>, 'connection' | 'options' | 'signal'>;

/**
 * A job that neither Jobs nor Tasks knows was misspelled, or is of another deployment: nothing is done for the others
 * either.
 *
 * @returns how the command ends then; undefined: go on
 */
export async function refuseUnknownJobs(call: Call): Promise<CommandEnd | undefined> {
  const unknown = await unknownJobs(call);
  if (unknown.length === 0) return undefined;
  const reason = thereIsNoJob(unknown);
  return { code: EXIT.wrong, json: { outcome: 'refused', reason }, text: () => reason };
}

export const thereIsNoJob = (ids: readonly bigint[]): string =>
  ids.length === 1 ? `There is no job ${ids[0]}.` : `There are no jobs ${ids.join(', ')}.`;

async function unknownJobs({ connection, options, signal }: Call): Promise<bigint[]> {
  const ids = [...new Set(options.jobs?.map(BigInt))];
  if (ids.length === 0) return [];
  const { jobs, tasks } = createTableReads({ dynamo: connection.dynamo, signal }, connection.tables);
  const found = await jobs.read(ids);
  const unknown: bigint[] = [];
  for (const id of ids)
    if ((found.get(id) ?? 'missing') === 'missing' && !(await hasAny(tasks.ofJob(id)))) unknown.push(id);
  return unknown;
}

/** Whether there is an orphan: a task whose job is missing. */
async function hasAny(pages: AsyncIterable<readonly unknown[]>): Promise<boolean> {
  for await (const page of pages) if (page.length > 0) return true;
  return false;
}
