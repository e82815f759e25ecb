import type { World } from '../../engines/world.ts';
import { readItems } from '../../functions/aws/reads.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { firstEntries } from './first-entries.ts';
import { type Ledger, MAX_TASKS_SHOWN } from './ledger.ts';

/** How many reasons of drops, and of messages, are told apart. */
const MAX_GROUPS = 12;

/** What the tables and the queue hold at the end of a run, as far as it is shown. */
export interface Outcome {
  /** The jobs and tasks of the ledger that exist, by `keyOf`. */
  readonly items: ReadonlyMap<string, Item>;
  /** Segments dropped in the run by reason, the most frequent first. */
  readonly drops: Groups;
  /** Messages by reason. */
  readonly messages: Groups;
}

export interface Groups {
  readonly total: number;
  readonly counts: readonly (readonly [string, number])[];
  /** How many belong to none of the groups. */
  readonly others: number;
}

export const keyOf = ({ jobId, taskId }: { readonly jobId?: unknown; readonly taskId?: unknown }): string =>
  taskId === undefined ? `${jobId}` : `${jobId}/${taskId}`;

/**
 * Looks at what a run has led to. Takes the messages off the queue.
 *
 * @param since epoch milliseconds: the start of the run
 */
export async function readOutcome(world: World, ledger: Ledger, since: number): Promise<Outcome> {
  const clients = { ...world, signal: new AbortController().signal };
  const jobKeys = [...ledger.jobs].map(([jobId]) => ({ jobId }));
  const taskKeys = shownTasks(ledger).map(({ jobId, taskId }) => ({ jobId, taskId }));
  const items = [
    ...(await readItems(clients, world.tables.jobs, jobKeys)),
    ...(await readItems(clients, world.tables.tasks, taskKeys)),
  ];

  const drops = createGroups();
  for await (const page of world.scan('segments'))
    for (const { state, droppedAt, dropReason } of page)
      if (state === 'Dropped' && Number(droppedAt ?? 0) >= since) drops.add(String(dropReason));

  const messages = createGroups();
  for await (const { reason } of world.receive()) messages.add(String(reason));

  return {
    items: new Map(items.map((item) => [keyOf(item), item])),
    drops: drops.end(),
    messages: messages.end(),
  };
}

/** The verdicts on tasks that are shown, in the order of their keys: first of all those that change something. */
export function shownTasks({ tasks: { acting, resting } }: Ledger) {
  const verdicts = [...acting, ...resting]
    .slice(0, MAX_TASKS_SHOWN)
    .flatMap(([, { verdict }]) => verdict ?? []);
  return verdicts.sort((a, b) => compare(a.jobId, b.jobId) || compare(a.taskId ?? 0n, b.taskId ?? 0n));
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

function createGroups() {
  let total = 0;
  const groups = firstEntries<string, { count: number }>(MAX_GROUPS, () => ({ count: 0 }));
  return {
    add(name: string): void {
      total++;
      const group = groups.at(name);
      if (group) group.count++;
    },
    end: (): Groups => ({
      total,
      counts: [...groups].map(([name, { count }]) => [name, count] as const).sort((a, b) => b[1] - a[1]),
      others: groups.omitted,
    }),
  };
}
