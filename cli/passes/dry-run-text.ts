import { columns } from '../terminal/columns.ts';
import { countOf } from '../terminal/count-of.ts';
import type { Screen } from '../terminal/screen.ts';
import { shortIds, wholeIds } from '../terminal/short-ids.ts';
import type { PlannedAction } from './planned-actions.ts';

/** The titles, and what says that there are more. */
const LINES_AROUND = 2;
const MIN_SHOWN = 3;

/** An item that a reason names. */
const NAMED = /\b(job|task|segment) \d+/g;
const idsIn = (text: string): string[] => text.match(/\d+/g) ?? [];

/**
 * Actions of a dry run with their reasons.
 *
 * @param room lines that they may take on a terminal, `Infinity` for all of them; a pipe gets them all
 * @param count how many there are, if these are only the first
 */
export function actionLines(
  actions: readonly PlannedAction[],
  { isTerminal, width }: Screen,
  room: number,
  count = actions.length,
): string[] {
  if (actions.length === 0) return ['Nothing would be done.'];
  const fits = count + 1 <= room;
  const shown = isTerminal && !fits ? actions.slice(0, Math.max(MIN_SHOWN, room - LINES_AROUND)) : actions;
  const more = count - shown.length;
  // Two ids of 18 digits would leave no room for the reason.
  const ids = isTerminal
    ? shortIds(shown.flatMap(({ on, because }) => [on, ...(because.match(NAMED) ?? [])]).flatMap(idsIn))
    : wholeIds;
  return [
    ...columns(
      ['ACTION', 'ON', 'BECAUSE'],
      shown.map(({ action, on, because }) => [action, ids.in(on), ids.in(because)]),
      width,
    ),
    ...(more > 0 ? [`… and ${countOf(more, 'action')} more (--all shows them)`] : []),
  ];
}
