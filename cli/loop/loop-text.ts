import { type Column, columns, line, titleLine } from '../terminal/columns.ts';
import { countOf } from '../terminal/count-of.ts';
import type { Screen } from '../terminal/screen.ts';
import { type ShortIds, shortIds, wholeIds } from '../terminal/short-ids.ts';
import { type Happening, timeOf } from './loop-event.ts';
import type { LoopOutput } from './loop-output.ts';
import type { Played } from './play-loop.ts';
import type { RestoreEnd } from './promises.ts';

const TITLES = ['TIME', 'WHO', 'TASK', 'WHAT'];

/** Lines come one by one, so that their columns cannot follow what is in them. */
const LAYOUT: readonly Column[] = [7, 9, 5, 0].map((width) => ({ width, isCount: false }));

const WORDS: Partial<Record<Happening, string>> = { died: 'DIED', failed: 'failed:', gaveBack: 'gave back:' };

/** Tells a run to a person: a line for each event as it happens, then what came of both restores. */
export function createLoopText(
  { isTerminal, width }: Screen,
  segmentIds: Iterable<bigint>,
  print: (text: string) => void,
): LoopOutput {
  const ids = isTerminal ? shortIds([...segmentIds].map(String)) : wholeIds;
  let jobBefore: bigint | undefined;

  print('Two restores, from submit to their end; waiting is skipped by the clock.\n');
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
      for (const row of tableOf(restores, played, width)) print(row);
      for (const { jobId, reason } of restores)
        if (reason !== undefined) print(`\nJob ${jobId} failed because\n  ${ids.in(reason)}`);
      print('');
      const { passes, idlePasses } = played;
      print(`${countOf(passes, 'pass')} of inspector and checker; ${idlePasses} found nothing to do.`);
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

function tableOf(restores: readonly RestoreEnd[], { durations }: Played, width: number): string[] {
  const rows = restores.map(({ jobId, state, segments, objects }) => {
    const { total = 0, worked = 0 } = durations.get(jobId) ?? {};
    return [
      String(jobId),
      state,
      Object.entries(segments)
        .map(([name, count]) => `${count} ${name}`)
        .join(', '),
      state === 'Completed'
        ? `${objects.equal} of ${objects.sources} equal`
        : `${objects.equal}, of dropped segments`,
      timeOf(total),
      `${(worked / 1_000).toFixed(1)} s`,
    ];
  });
  const titles = ['JOB', 'IS', 'SEGMENTS', 'OBJECTS', { count: 'SUBMIT TO END' }, { count: 'OF IT WORK' }];
  return columns(titles, rows, width);
}

function legend(reason: string, { of }: ShortIds): string[] {
  const [example] = reason.match(/\d{9,}/) ?? [];
  return example === undefined || of(example) === example
    ? []
    : [`Ids are cut: ${of(example)} is ${example}. In full: npm start -- --json`];
}
