import type { World } from '../../engines/world.ts';
import { addTables, createJsonDocument } from '../demo/json-document.ts';
import type { LoopEvent } from './loop-event.ts';
import type { LoopOutput } from './loop-output.ts';
import type { StepRecord } from './steps.ts';

/**
 * Tells a run to a program, in one JSON document: the `events`, the `restores` with their `steps` and what came of each, the `promises`
 * with `but` for what does not hold, whether they are `kept`, and the tables `after`. Times in milliseconds.
 */
export function createLoopJson(
  world: World,
  steps: Pick<StepRecord, 'of'>,
  write: (text: string) => void,
): LoopOutput {
  const document = createJsonDocument(write);
  document.open('{');
  document.open('[', 'events');
  return {
    event: (event: LoopEvent) => document.element({ ...event, at: Math.round(event.at) }),
    async end({ durations, passes }, { restores, promises }) {
      document.close();
      document.open('[', 'restores');
      for (const restore of restores) {
        const { total = 0, worked = 0 } = durations.get(restore.jobId) ?? {};
        document.element({
          ...restore,
          totalMs: Math.round(total),
          workedMs: Math.round(worked),
          steps: steps.of(restore.jobId),
        });
      }
      document.close();
      document.field('passes', passes);
      document.open('[', 'promises');
      for (const promise of promises) document.element(promise);
      document.close();
      document.field(
        'kept',
        promises.every(({ but }) => but === undefined),
      );
      await addTables(document, 'after', world);
      document.close();
    },
  };
}
