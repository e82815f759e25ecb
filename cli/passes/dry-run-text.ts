import { columns } from '../terminal/columns.ts';
import { countOf } from '../terminal/count-of.ts';
import type { Screen } from '../terminal/screen.ts';
import { shortIds, wholeIds } from '../terminal/short-ids.ts';
import type { PlannedAction } from './planned-actions.ts';

/** Every action of a dry run with its reason; on a terminal, as many as fit on one screen unless all are asked for. */
export function actionLines(
  actions: readonly PlannedAction[],
  { isTerminal, width, maxLines }: Screen,
  all: boolean,
): string[] {
  if (actions.length === 0) return ['Nothing would be done.'];
  const shown = isTerminal && !all ? actions.slice(0, maxLines - 10) : actions;
  const more = actions.length - shown.length;
  // Two ids of 18 digits would leave no room for the reason.
  const ids = isTerminal ? shortIds(shown.flatMap(({ on }) => on.match(/\d+/g) ?? [])) : wholeIds;
  return [
    ...columns(
      ['ACTION', 'ON', 'BECAUSE'],
      shown.map(({ action, on, because }) => [action, ids.in(on), ids.in(because)]),
      width,
    ),
    ...(more > 0 ? [`… and ${countOf(more, 'action')} more (--all shows them)`] : []),
  ];
}
