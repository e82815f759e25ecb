import { firstEntries } from './first-entries.ts';

/** How many names are told apart. */
const MAX_GROUPS = 12;

/** How often each name came, the most frequent first. */
export interface Groups {
  add(name: string): void;
  readonly total: number;
  readonly counts: readonly (readonly [string, number])[];
  /** How often one came that there was no room for. */
  readonly others: number;
}

export function createGroups(): Groups {
  let total = 0;
  const groups = firstEntries<string, { count: number }>(MAX_GROUPS, () => ({ count: 0 }));
  return {
    add(name) {
      total++;
      const group = groups.at(name);
      if (group) group.count++;
    },
    get total() {
      return total;
    },
    get counts() {
      return [...groups].map(([name, { count }]) => [name, count] as const).sort((a, b) => b[1] - a[1]);
    },
    get others() {
      return groups.omitted;
    },
  };
}
