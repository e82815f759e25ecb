import { type Column, columns, line, titleLine } from '../terminal/columns.ts';
import { countOf } from '../terminal/count-of.ts';
import type { Screen } from '../terminal/screen.ts';
import { type ShortIds, shortIds, wholeIds } from '../terminal/short-ids.ts';
import { type Happening, timeOf } from './loop-event.ts';
import type { LoopOutput } from './loop-output.ts';
import type { RestoreEnd } from './promises.ts';
import { STEPS, type StepName, type StepRecord } from './steps.ts';

const TITLES = ['TIME', 'WHO', 'TASK', 'WHAT'];

/** Lines come one by one, so that their columns cannot follow what is in them. */
const LAYOUT: readonly Column[] = [7, 9, 5, 0].map((width) => ({ width, isCount: false }));

const WORDS: Partial<Record<Happening, string>> = { died: 'DIED', failed: 'failed:', gaveBack: 'gave back:' };

const STEP_WORDS: Readonly<Record<StepName, string>> = {
  submitted: 'submitted',
  sent: 'sent to the queue',
  claimed: 'claimed by a worker',
  copied: 'copied, all tasks',
  published: 'published',
  dropped: 'dropped, all targets',
};

/** Tells a run to a person: a line for each event as it happens, then what came of each restore, and how long it took. */
export function createLoopText(
  { isTerminal, width }: Screen,
  steps: Pick<StepRecord, 'of'>,
  segmentIds: Iterable<bigint>,
  print: (text: string) => void,
): LoopOutput {
  const ids = isTerminal ? shortIds([...segmentIds].map(String)) : wholeIds;
  let jobBefore: bigint | undefined;

  print('Three restores, from submit to their end; waiting is skipped by the clock.\n');
  print(titleLine(TITLES, LAYOUT));

  return {
    event({ at, who, what, jobId, taskId, detail }) {
      if (jobBefore !== undefined && jobId !== jobBefore && what !== 'stored') print('');
      jobBefore = jobId;
      const task = taskId === undefined ? `job ${jobId}` : `${jobId}/${taskId}`;
      const text = [WORDS[what] ?? what, detail && ids.in(detail)].filter(Boolean).join(' ');
      print(line([timeOf(at), who, task, text], LAYOUT, width));
    },
    async end(played, { restores, promises }) {
      print('');
      for (const row of tableOf(restores, width)) print(row);
      for (const { jobId, reason } of restores)
        if (reason !== undefined) print(`\nJob ${jobId} failed because\n  ${ids.in(reason)}`);
      print('');
      for (const row of stepsOf(restores, steps, width)) print(row);
      print('As on AWS, streams are polled every 250 ms; the checker gathers for a second.\n');
      const { scheduled, idle, reactions } = played.passes;
      print(`${countOf(reactions, 'reaction')} of inspector and checker to streams.`);
      print(`${countOf(scheduled, 'pass')} by schedule; ${idle} found nothing to do.`);
      for (const { jobId, state, objects } of restores)
        if (state === 'Completed')
          print(
            `${objects.equal} of ${countOf(objects.sources, 'object')} of job ${jobId} are equal to their sources, byte by byte.`,
          );
      const broken = promises.filter(({ but }) => but !== undefined).length;
      print(
        broken === 0
          ? `All ${promises.length} promises of this run hold.`
          : `${broken} of ${promises.length} promises of this run do NOT hold.`,
      );
      for (const { reason = '' } of restores) for (const text of legend(reason, ids)) print(text);
    },
  };
}

function tableOf(restores: readonly RestoreEnd[], width: number): string[] {
  const rows = restores.map(({ jobId, state, segments, objects }) => [
    String(jobId),
    state,
    Object.entries(segments)
      .map(([name, count]) => `${count} ${name}`)
      .join(', '),
    state === 'Completed'
      ? `${objects.equal} of ${objects.sources} equal`
      : `${objects.equal}, of dropped segments`,
  ]);
  return columns(['JOB', 'IS', 'SEGMENTS', 'OBJECTS'], rows, width);
}

/** Of each restore, milliseconds since its submit began, and since the step before. */
function stepsOf(restores: readonly RestoreEnd[], steps: Pick<StepRecord, 'of'>, width: number): string[] {
  const taken = restores.map(({ jobId }) => new Map(steps.of(jobId).map((each) => [each.step, each])));
  const rows = STEPS.map((name) => [
    STEP_WORDS[name],
    ...taken.flatMap((ofJob) => {
      const step = ofJob.get(name);
      return step === undefined ? ['', ''] : [inMs(step.sinceSubmitMs), `+${inMs(step.tookMs)}`];
    }),
  ]);
  const titles = restores.flatMap(({ jobId }) => [{ count: `JOB ${jobId}` }, { count: 'STEP' }]);
  return columns(['MS SINCE SUBMIT', ...titles], rows, width);
}

const inMs = (ms: number): string => ms.toLocaleString('en');

function legend(reason: string, { of }: ShortIds): string[] {
  const [example] = reason.match(/\d{9,}/) ?? [];
  return example === undefined || of(example) === example
    ? []
    : [`Ids are cut: ${of(example)} is ${example}. In full: npm start -- --json`];
}
