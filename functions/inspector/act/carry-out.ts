import type { Judged, JudgedKind } from '../judge.ts';
import { dispatch } from './dispatch.ts';
import { drop } from './drop.ts';
import { keep } from './keep.ts';
import type { Lane, LanePass, Unfinished } from './lane.ts';
import { postpone } from './postpone.ts';
import { rest } from './rest.ts';

/**
 * Section 5 of the contract: who carries out which verdict. A verdict without a lane does not compile, nor does one
 * whose lane is not for its kind.
 */
const LANES: { readonly [K in JudgedKind]: Lane<K> } = {
  enqueue: dispatch,
  release: dispatch,
  fail: drop,
  drop,
  rest,
  wait: postpone,
  orphan: postpone,
  contradiction: postpone,
  malformed: postpone,
  unreadable: postpone,
  unjudged: keep,
};

/** LANES says that each lane gets what it is for; grouping forgets it. */
type AnyLane = (pass: LanePass, judged: readonly never[]) => Promise<Unfinished>;

/** What most lanes take at once: a hundred tasks with their mappings, four batches of statements. */
const TASKS_PER_LOAD = 100;

/** Sends and marks wait for each other at the end of a load only: a hundred sends, forty batches of marks. */
const TASKS_PER_DISPATCH = 1_000;

/**
 * The lanes of a pass, side by side. Each collects verdicts until they fill its batches, whatever the mix in which they
 * come, and carries out one load after the other.
 */
export interface Lanes {
  /**
   * Takes verdicts; waits while a lane has more of them than it can begin with.
   *
   * @param judged in ascending (job id, task id); enqueued in that order
   */
  take(judged: readonly Judged[]): Promise<void>;
  /** Carries out what is left, however little fills a batch. */
  drain(): Promise<void>;
  /** Waits for what is under way, and begins nothing more. */
  stop(): Promise<void>;
}

/** @param onUnfinished told of the tasks that did not end as the pass wanted */
export function openLanes(pass: LanePass, onUnfinished: (tasks: Unfinished) => void = () => {}): Lanes {
  const lines = new Map<AnyLane, Line>();
  const lineOf = (lane: AnyLane): Line => {
    const line = lines.get(lane) ?? {
      waiting: [],
      underWay: Promise.resolve(),
      load: lane === (dispatch as AnyLane) ? TASKS_PER_DISPATCH : TASKS_PER_LOAD,
    };
    lines.set(lane, line);
    return line;
  };
  const begin = async (lane: AnyLane, line: Line): Promise<void> => {
    await line.underWay;
    if (line.waiting.length === 0) return;
    line.underWay = lane(pass, line.waiting.splice(0, line.load) as never[]).then(onUnfinished);
    // Whoever waits for the lane next sees that it failed.
    line.underWay.catch(() => {});
  };

  return {
    async take(judged) {
      for (const verdict of judged) lineOf(LANES[verdict.kind]).waiting.push(verdict);
      await Promise.all(
        [...lines].map(async ([lane, line]) => {
          while (line.waiting.length >= line.load) await begin(lane, line);
        }),
      );
    },
    async drain() {
      await Promise.all(
        [...lines].map(async ([lane, line]) => {
          do await begin(lane, line);
          while (line.waiting.length > 0);
          await line.underWay;
        }),
      );
    },
    async stop() {
      await Promise.allSettled([...lines.values()].map(({ underWay }) => underWay));
    },
  };
}

/**
 * Carries out verdicts on a few tasks, to the end: the time that a pass keeps in reserve is enough for a hundred. Whoever
 * has more of them asks for the time in between.
 */
export async function carryOut(
  pass: Omit<LanePass, 'isOver'>,
  judged: readonly Judged[],
  onUnfinished?: (tasks: Unfinished) => void,
): Promise<void> {
  const lanes = openLanes({ ...pass, isOver: () => false }, onUnfinished);
  try {
    await lanes.take(judged);
    await lanes.drain();
  } finally {
    await lanes.stop();
  }
}

interface Line {
  /** Verdicts that this lane has yet to begin with. */
  readonly waiting: Judged[];
  underWay: Promise<void>;
  /** How many verdicts it takes at once. */
  readonly load: number;
}
