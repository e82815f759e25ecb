import { styleText } from 'node:util';
import { EXIT_USAGE, parseArguments } from './arguments.ts';
import { measureBundles } from './bundles/measure-bundles.ts';
import { synthesise } from './bundles/synthesise.ts';
import { weigh } from './bundles/weigh.ts';
import { bundleContenders } from './contenders/bundle-contenders.ts';
import { startEngineSide } from './engines/start-engine-side.ts';
import { createStage, type Measurement, measure } from './measure.ts';
import { monthOf } from './month.ts';
import { NOT_REACHED_YET } from './not-reached-yet.ts';
import { FULL, SMALL } from './plan.ts';
import { measureReactions, type Reaction } from './reactions.ts';
import { NAMES } from './report/names.ts';
import { publish, readResults } from './report/publish.ts';
import { asText, type Table } from './report/table.ts';
import {
  bundlesTable,
  goalsTable,
  marksTable,
  missedGoals,
  monthTable,
  processorsTable,
  reactionsTable,
  restoreTable,
  standings,
  verdicts,
  weightsTable,
  workloadsTable,
} from './report/tables.ts';
import { circumstances, type Results } from './results.ts';
import { NothingSelectedError, type Selection, select } from './selection.ts';

const LOADS = 15;
const LOADS_WHEN_SMALL = 5;

const options = parseArguments(process.argv);
const { workloads, reactions, bundles } = selected();
const startedAt = performance.now();
const progress = (text: string): void => {
  const elapsed = ((performance.now() - startedAt) / 1_000).toFixed(0);
  process.stderr.write(`${elapsed.padStart(5)} s  ${text}\n`);
};

/** What a contender failed at: the others are measured all the same. */
const failures: unknown[] = [];
const noteFailure = (error: unknown): void => {
  failures.push(error);
  progress(`failed: ${error instanceof Error ? error.message : error}`);
};

function selected(): Selection {
  try {
    return select(options.small ? SMALL : FULL, options);
  } catch (error) {
    if (!(error instanceof NothingSelectedError)) throw error;
    console.error(`error: ${error.message}`);
    process.exit(EXIT_USAGE);
  }
}

const noteTurn = (
  { contender, latencyMs, totalRequests, wallMs }: Measurement,
  turn: number,
  turns: number,
): void => {
  const which = turns > 1 ? `, ${turn} of ${turns}` : '';
  progress(
    `  ${NAMES[contender]} at ${latencyMs} ms${which}: ${totalRequests.toLocaleString('en')} requests in ${(wallMs / 1_000).toFixed(1)} s`,
  );
};

async function measureAll(): Promise<Measurement[]> {
  const total = workloads.reduce((sum, { runs }) => sum + runs.length, 0);
  const measurements: Measurement[] = [];
  if (total === 0) return measurements;
  const contenders = await bundleContenders();
  try {
    const side = await startEngineSide();
    const stage = createStage();
    try {
      for (const workload of workloads) {
        progress(`${workload.name} of ${workload.size.toLocaleString('en')}: loading`);
        for await (const measurement of measure(
          { side, bundles: contenders, stage },
          workload,
          noteFailure,
          noteTurn,
        )) {
          measurements.push(measurement);
          progress(`${measurements.length} of ${total} measured`);
        }
      }
    } finally {
      await stage.clear();
      await side.stop();
    }
  } finally {
    await contenders.remove();
  }
  return measurements;
}

async function reactAll(): Promise<Reaction[]> {
  try {
    return await measureReactions(reactions, ({ what, medianMs }) =>
      progress(`${what}: ${medianMs} ms in the median`),
    );
  } catch (error) {
    noteFailure(error);
    return [];
  }
}

async function results(): Promise<Results> {
  if (options.draw) return readResults();
  const measurements = await measureAll();
  const found = { ...circumstances(), measurements, reactions: await reactAll() };
  if (!bundles) return { ...found, bundles: [], weights: [], month: [] };
  progress('bundles');
  const deployment = await synthesise();
  try {
    const warm = measurements.filter(({ workload }) => workload.endsWith('warm'));
    return {
      ...found,
      bundles: await measureBundles(deployment, options.small ? LOADS_WHEN_SMALL : LOADS),
      weights: await weigh(),
      month: warm.length > 0 ? monthOf(warm, deployment) : [],
    };
  } finally {
    await deployment.remove();
  }
}

const found = await results();
if ((options.publish && failures.length === 0) || options.draw) await publish(found);
if (options.json) console.log(JSON.stringify({ ...found, goals: verdicts(found) }, null, 2));
else {
  const show = (title: string, table: Table): void => {
    if (table.rows.length > 0) console.log(`\n${styleText('bold', title)}\n${asText(table)}`);
  };
  show('What each takes', workloadsTable(found));
  show('Who computes', processorsTable(found));
  show('A restore of 10,000 tasks', restoreTable(found));
  show('What a mark costs', marksTable(found));
  show('From a write to its consequence', reactionsTable(found));
  show('What is loaded', bundlesTable(found));
  show('What weighs what', weightsTable(found));
  show('What nothing costs', monthTable(found));
  show('Goals', goalsTable(found));
}

for (const { goal, standing } of standings(found))
  if (goal.counts && standing.isReached && goal.name in NOT_REACHED_YET)
    console.error(`\n${goal.name} is reached: strike it off bench/not-reached-yet.ts.`);
const missed = missedGoals(found);
for (const { goal, standing } of missed)
  console.error(`\nMissed: ${goal.name}: ${standing.measured}, and the goal is ${goal.target}.`);
for (const failure of failures) console.error('\nFailed:', failure);
if (missed.length + failures.length > 0) process.exitCode = 1;
