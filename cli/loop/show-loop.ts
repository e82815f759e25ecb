import type { LoopArguments } from '../arguments.ts';
import type { Session } from '../session.ts';
import { screenOf } from '../terminal/screen.ts';
import { createLoopJson } from './loop-json.ts';
import type { LoopOutput } from './loop-output.ts';
import { createLoopText } from './loop-text.ts';
import { createLoopWorld, type LoopWorld, startLoopEngines } from './loop-world.ts';
import { playLoop } from './play-loop.ts';
import { judgeLoop } from './promises.ts';
import { readSample, SAMPLE_FILES, type SampleRestore, type Samples } from './samples.ts';
import { type SkippingClock, startSkippingClock } from './skipping-clock.ts';
import { createStepRecord, type StepRecord } from './steps.ts';

/** Plays the whole loop on this machine and shows it; ends with 1 unless all that it promises holds. */
export async function showLoop(options: LoopArguments, session: Session): Promise<void> {
  const engines = await startLoopEngines();
  try {
    const creation = createLoopWorld(engines);
    session.tidyUpWith(async () => (await creation).destroy());
    const world = await creation;
    const clock = startSkippingClock();
    try {
      await show(world, clock, options, session);
    } finally {
      clock.end();
      await world.destroy();
    }
  } finally {
    await engines.stop();
  }
}

async function show(
  world: LoopWorld,
  clock: SkippingClock,
  { json }: LoopArguments,
  { stop }: Session,
): Promise<void> {
  const read = (file: string): Promise<SampleRestore> => readSample(file, world.buckets, stop);
  const samples: Samples<SampleRestore> = {
    undisturbed: await read(SAMPLE_FILES.undisturbed),
    rescued: await read(SAMPLE_FILES.rescued),
    damaged: await read(SAMPLE_FILES.damaged),
  };
  const steps = createStepRecord();
  const output = json
    ? createLoopJson(world, steps, (text) => process.stdout.write(text))
    : createLoopText(screenOf(process.stdout), steps, idsOf(samples), console.log);

  const tell = tellTo(output, steps, clock, stop);
  const played = await playLoop({ world, clock, tell, steps, stop }, samples);
  const end = await judgeLoop(world, played, samples);
  stop.throwIfAborted();
  await output.end(played, end);
  for (const { promise, but } of end.promises)
    if (but !== undefined) {
      console.error(`Not as promised, that ${promise}: ${but}`);
      process.exitCode = 1;
    }
}

/** What is given back because of an interruption is no event. */
const tellTo =
  (
    output: LoopOutput,
    steps: StepRecord,
    clock: SkippingClock,
    stop: AbortSignal,
  ): Parameters<typeof playLoop>[0]['tell'] =>
  (who, what, about) => {
    if (stop.aborted) return;
    const event = { at: clock.elapsed(), who, what, ...about };
    steps.note(event);
    output.event(event);
  };

const idsOf = ({ undisturbed, rescued, damaged }: Samples<SampleRestore>): bigint[] =>
  [undisturbed, rescued, damaged].flatMap(({ mappings }) =>
    mappings.map(({ sourceSegmentId }) => sourceSegmentId),
  );
