import type { World } from '../../engines/world.ts';
import { countOf } from '../terminal/count-of.ts';
import type { Screen } from '../terminal/screen.ts';
import { createLedger } from './ledger.ts';
import { readOutcome } from './outcome.ts';
import { passLine, passTitles, totalLine } from './pass-line.ts';
import type { RunOutput } from './run-output.ts';
import { showPlan, showRun } from './show.ts';

export interface TextOutputOptions {
  /** Where the restore is from. */
  readonly from: string;
  readonly dryRun: boolean;
  readonly screen: Screen;
  readonly print: (text: string) => void;
}

/** Tells a run to a person: a line for each pass as it ends, then what all of them did, or would do. */
export function createTextOutput(
  world: World,
  { from, dryRun, screen, print }: TextOutputOptions,
): RunOutput {
  const ledger = createLedger(screen.maxLines);
  const show = dryRun ? showPlan : showRun;
  return {
    async loaded({ jobs, tasks, segments }) {
      const records = [countOf(jobs, 'job'), countOf(tasks, 'task'), countOf(segments, 'segment')];
      print(`Loaded ${records.join(', ')} from ${from}.\n`);
      print(passTitles());
    },
    passBegins() {},
    observe: ledger.observe,
    passEnds(report) {
      ledger.addPass(report);
      print(passLine(report));
    },
    async end() {
      if (ledger.totals && ledger.passes > 1) print(totalLine(ledger.totals));
      print('');
      print(show(ledger, await readOutcome(world, ledger), Date.now(), screen));
    },
  };
}
