import type { World } from '../../engines/world.ts';
import { readItems } from '../../functions/aws/reads.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { createGroups, type Groups } from './groups.ts';
import type { Ledger } from './ledger.ts';

/** What the tables and the queue hold at the end of a run, as far as it is shown. */
export interface Outcome {
  /** The jobs and tasks of the ledger that exist, by `nameOf`. */
  readonly items: ReadonlyMap<string, Item>;
  /** Messages by reason. */
  readonly messages: Groups;
}

export const nameOf = ({ jobId, taskId }: { readonly jobId?: unknown; readonly taskId?: unknown }): string =>
  taskId === undefined ? `${jobId}` : `${jobId}/${taskId}`;

/** Looks at what a run has led to. Takes the messages off the queue. */
export async function readOutcome(world: World, ledger: Ledger): Promise<Outcome> {
  const clients = { ...world, signal: new AbortController().signal };
  const jobKeys = [...ledger.jobs].map(([jobId]) => ({ jobId }));
  const taskKeys = ledger.tasks().shown.map(({ jobId, taskId }) => ({ jobId, taskId }));
  const jobs = await readItems(clients, world.tables.jobs, jobKeys);
  const tasks = await readItems(clients, world.tables.tasks, taskKeys);

  const messages = createGroups();
  for await (const { reason } of world.receive()) messages.add(String(reason));
  return { items: new Map([...jobs.found, ...tasks.found].map((item) => [nameOf(item), item])), messages };
}
