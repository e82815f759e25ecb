import { setTimeout as sleep } from 'node:timers/promises';
import type { World } from '../../engines/world.ts';
import { DEFAULT_DUE_SHARDS } from '../../functions/copy-segment/due-index.ts';
import { createInspector } from '../../functions/inspector/inspector.ts';
import { parsePassEvent } from '../../functions/inspector/pass-event.ts';
import type { PassReport } from '../../functions/inspector/report/pass-report.ts';
import type { RestoreArguments } from '../arguments.ts';
import type { RunOutput } from './run-output.ts';

/** Passes that change nothing but come again and again would never end; a restore needs a handful. */
const MAX_PASSES = 100;

/**
 * Makes the passes that the command line asks for, through the code of the Lambda: until nothing is due, or one every
 * interval until `stop`, which lets the pass under way come to its end.
 */
export async function makePasses(
  world: World,
  { recover, dryRun, watch }: RestoreArguments,
  output: RunOutput,
  stop: AbortSignal,
): Promise<void> {
  const inspector = createInspector({ ...world, shards: DEFAULT_DUE_SHARDS });
  for (let pass = 1; !stop.aborted; pass++) {
    const mode = recover && pass === 1 ? 'recover' : 'inspect';
    output.passBegins();
    const report = await inspector(parsePassEvent({ mode, dryRun }), output.observe);
    output.passEnds(report);

    if (watch !== undefined) await sleep(watch, undefined, { signal: stop }).catch(() => {});
    else if (dryRun || pass === MAX_PASSES || (mode === 'inspect' && !hasChanged(report))) return;
  }
}

/** Whether a pass left anything other than it was: only then can the next one find more to do. */
function hasChanged({ tasks, jobs, segments }: PassReport): boolean {
  const { movedOn: _, failed: __, ...changesOfTasks } = tasks;
  const { settled, rested, mended } = jobs;
  const changes = [...Object.values(changesOfTasks), settled, rested, mended, segments.dropped];
  return changes.some((count) => count > 0);
}
