import { expect, it } from 'vitest';
import type { PassReport } from '../../functions/inspector/report/pass-report.ts';
import { HOUR, NOW } from '../support/builders.ts';
import { describeOnEveryEngine, type RunningEngine } from '../support/dynamo-engines.ts';
import { embeddedWorld } from '../support/embedded-world.ts';
import { everySituation } from '../support/every-situation.ts';

/**
 * What a report says that does not depend on the engine: not its id, and neither units nor requests, since the
 * engines are known to differ in what they say of the one and in how many of the other several REMOVE clauses take; nor how
 * many segments were read, since some engines return with a failed condition what others have to be asked for.
 */
const gistOf = ({
  passId: _id,
  requests: _requests,
  capacity: _units,
  read: { segments: _segments, ...read },
  ...gist
}: PassReport) => ({ ...gist, read });

const sorted = (messages: readonly { jobId: string; taskId: string; attempt: number }[]) =>
  [...messages].sort(
    (a, b) =>
      Number(a.jobId) - Number(b.jobId) || Number(a.taskId) - Number(b.taskId) || a.attempt - b.attempt,
  );

/** Passes over a world with every situation, and what each of them leaves behind. */
async function history(engines: ReturnType<RunningEngine['config']> | undefined) {
  const world = await embeddedWorld(engines && { engines });
  await world.has(everySituation());
  const ends: unknown[] = [];
  for (const [event, now] of [
    [{ mode: 'inspect', dryRun: true }, NOW],
    [{ mode: 'recover', dryRun: true }, NOW],
    [{ mode: 'inspect' }, NOW],
    [{ mode: 'recover' }, NOW + 1],
    // Every backoff and every lease has run out.
    [{ mode: 'inspect' }, NOW + 7 * HOUR],
  ] as const) {
    world.clock.now = now;
    const report = gistOf(await world.pass(event));
    ends.push({ event, report, items: await world.items(), messages: sorted(await world.messages()) });
  }
  return ends;
}

describeOnEveryEngine((engine) => {
  it('passes over every situation report the same and leave the same behind as on the embedded engine', async () => {
    const ends = await history(engine.config());
    expect(ends).toEqual(await history(undefined));
  });
});
