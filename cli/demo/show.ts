import { countOf } from '../terminal/count-of.ts';
import type { Screen } from '../terminal/screen.ts';
import { shortIds, wholeIds } from '../terminal/short-ids.ts';
import {
  type Block,
  dropReasons,
  jobs,
  plannedDrops,
  plannedMessages,
  plannedTasks,
  problems,
  type Shown,
  tasks,
} from './blocks.ts';
import type { Groups } from './groups.ts';
import type { Ledger } from './ledger.ts';
import type { Outcome } from './outcome.ts';

/** What a run did and led to, for a person at a terminal, or in full for a pipe: a line for each thing. */
export const showRun = (ledger: Ledger, outcome: Outcome, now: number, screen: Screen): string =>
  show(ledger, outcome, now, screen, (shown) => [
    jobs(shown),
    tasks(shown),
    dropReasons(shown),
    problems(shown),
    [`${countOf(ledger.passes, 'pass')}; ${inQueue(outcome.messages)}.`, ...legend(shown)],
  ]);

/** What a dry run would do: the state that each task would have, each segment that would be dropped, each message. */
export const showPlan = (ledger: Ledger, outcome: Outcome, now: number, screen: Screen): string =>
  show(ledger, outcome, now, screen, (shown) => [
    jobs(shown),
    plannedTasks(shown),
    plannedDrops(shown),
    plannedMessages(shown),
    problems(shown),
    ['A dry run: nothing of this was done.', ...legend(shown)],
  ]);

function show(
  ledger: Ledger,
  outcome: Outcome,
  now: number,
  { isTerminal, width }: Screen,
  blocksOf: (shown: Shown) => Block[],
): string {
  const ids = isTerminal ? shortIds(idsIn(ledger)) : wholeIds;
  const blocks = blocksOf({ ledger, outcome, now, ids, width });
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
}

function inQueue({ total, counts }: Groups): string {
  const reasons = counts.map(([reason, count]) => `${count} ${reason}`).join(', ');
  return `${countOf(total, 'message')} in the queue${reasons && `: ${reasons}`}`;
}

function legend({ ledger, ids }: Shown): Block {
  const [first] = ledger.jobs;
  const example = first ? String(first[0]) : '';
  return ids.of(example) === example
    ? []
    : [`Ids are cut: ${ids.of(example)} is ${example}. In full with --json.`];
}

function* idsIn(ledger: Ledger): Generator<string> {
  for (const [jobId] of ledger.jobs) yield String(jobId);
  for (const { jobId, taskId } of ledger.tasks().shown) yield* [String(jobId), String(taskId)];
  for (const [, { problem }] of ledger.problems) {
    const { part: _, ...ids } = problem?.key ?? {};
    yield* Object.values(ids);
  }
  for (const [segmentId] of ledger.drops) yield String(segmentId);
  for (const [reason] of ledger.dropReasons.counts) yield* reason.match(/\b\d{9,}\b/g) ?? [];
}
