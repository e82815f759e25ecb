import type { World } from '../../engines/world.ts';
import { countOf } from '../terminal/count-of.ts';
import type { Screen } from '../terminal/screen.ts';
import { createLedger } from './ledger.ts';
import { readOutcome } from './outcome.ts';
import { passLine, passTitles, totalLine } from './pass-line.ts';
import type { RunOutput } from './run-output.ts';
import { showOutcome } from './show.ts';

/** Tells a run to a person: a line for each pass as it ends, then what all of them did. */
export function createTextOutput(
  world: World,
  restore: string,
  screen: Screen,
  print: (text: string) => void,
): RunOutput {
  const startedAt = Date.now();
  const ledger = createLedger();
  return {
    async loaded({ jobs, tasks, segments }) {
      const records = [countOf(jobs, 'job'), countOf(tasks, 'task'), countOf(segments, 'segment')].join(', ');
      print(`Loaded ${records} from ${restore}.\n`);
      print(passTitles());
    },
    passBegins() {},
    observe: { onVerdict: ledger.verdict },
    passEnds(report) {
      ledger.pass(report);
      print(passLine(report));
    },
    async end() {
      if (ledger.passes > 1) print(totalLine(ledger));
      print('');
      print(showOutcome(ledger, await readOutcome(world, ledger, startedAt), Date.now(), screen));
    },
  };
}
