import type { Item } from '../../functions/copy-segment/item.ts';
import type { Write } from '../../functions/copy-segment/stores.ts';
import { slices } from '../../functions/streams/slices.ts';
import { itemName, valueText } from './attribute-changes.ts';
import type { Plan, Step } from './plan.ts';

/** How a plan ended. */
export type PlanOutcome =
  /** `movedOn`: items that somebody else changed in between; they were left alone. */
  | { readonly kind: 'done'; readonly changed: number; readonly movedOn: number }
  /** Somebody was quicker with the first of them: nothing was changed. */
  | { readonly kind: 'movedOn'; readonly reason: string }
  /** `changed`: how many items were changed all the same. */
  | { readonly kind: 'failed'; readonly reason: string; readonly changed: number };

const STEPS_AT_ONCE = 100;

/** Makes the changes of a plan: the first one by itself, the others if it was made. */
export async function carryOutPlan(
  { steps }: Extract<Plan, { kind: 'planned' }>,
  write: Write,
): Promise<PlanOutcome> {
  const [first, ...others] = steps;
  const [outcome] = await write([first.change]);
  if (outcome?.kind === 'conditionFailed') return { kind: 'movedOn', reason: whatMoved(first, outcome.item) };
  if (outcome?.kind !== 'done') return { kind: 'failed', reason: outcome?.reason ?? 'no answer', changed: 0 };

  let changed = 1;
  let movedOn = 0;
  for (const slice of slices(others, STEPS_AT_ONCE))
    for (const each of await write(slice.map(({ change }) => change))) {
      if (each.kind === 'failed') return { kind: 'failed', reason: each.reason, changed };
      if (each.kind === 'done') changed++;
      else movedOn++;
    }
  return { kind: 'done', changed, movedOn };
}

/** What somebody else changed between the reading and the writing, if the engine says. */
function whatMoved({ change, before }: Step, found: Item | undefined): string {
  const name = itemName(change);
  if (found === undefined) return `${name} has changed meanwhile`;
  const moved = Object.keys(change.if).find((attribute) => before[attribute] !== found[attribute]);
  return moved === undefined
    ? `${name} has changed meanwhile`
    : `${name} has changed meanwhile: its ${moved} is ${valueText(moved, found[moved])}`;
}
