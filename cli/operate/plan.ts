import type { Change } from '../../functions/copy-segment/change.ts';
import type { Item } from '../../functions/copy-segment/item.ts';

/** One change, and the item as it was read. */
export interface Step {
  readonly change: Change;
  readonly before: Item;
}

/** The arguments of a command that does what another one does not. */
export type Instead = readonly string[];

/** What a command would do. It is shown before anything is changed. */
export type Plan =
  | {
      readonly kind: 'planned';
      /** The first one decides: if it is not made, none of the others is tried. */
      readonly steps: readonly [Step, ...Step[]];
      /** What somebody should know who is about to agree, a sentence each. */
      readonly notes: readonly string[];
      /** What happens afterwards, who does it, and when. */
      readonly next: string;
    }
  /** It is so already. */
  | { readonly kind: 'nothing'; readonly reason: string; readonly instead?: Instead }
  | { readonly kind: 'refused'; readonly reason: string; readonly instead?: Instead };

export const planned = (
  next: string,
  notes: readonly (string | undefined)[],
  ...steps: readonly [Step, ...Step[]]
): Plan => ({ kind: 'planned', steps, notes: notes.filter((note) => note !== undefined), next });

export const refused = (reason: string, ...instead: Instead): Plan => ({
  kind: 'refused',
  reason,
  ...(instead.length > 0 && { instead }),
});

export const nothing = (reason: string, ...instead: Instead): Plan => ({
  kind: 'nothing',
  reason,
  ...(instead.length > 0 && { instead }),
});
