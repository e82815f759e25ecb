import type { Run } from './show.ts';

/** What happened, for a program: ids as strings, times and counts as numbers, everything else as it is. */
export function runAsJson({ before, after, passes, messages }: Run): string {
  const document = {
    passes: passes.map(({ report }) => report),
    verdicts: passes.flatMap(({ report: { passId }, verdicts }) =>
      verdicts.map((verdict) => ({ passId, ...verdict })),
    ),
    messages,
    tables: { before, after },
  };
  return JSON.stringify(document, idsAsStrings, 2);
}

const TIMES_AND_COUNTS = /At$|^(taskVersion|enqueueCount|dueShard|numOfRows)$/;

/** DynamoDB's numbers arrive as bigint: ids become decimal strings, as in every JSON; times and counts fit. */
const idsAsStrings = (name: string, value: unknown): unknown =>
  typeof value === 'bigint' ? (TIMES_AND_COUNTS.test(name) ? Number(value) : String(value)) : value;
