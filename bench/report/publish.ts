import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Results } from '../results.ts';
import { charts } from './charts.ts';
import { asMarkdown } from './table.ts';
import {
  bundlesTable,
  goalsTable,
  marksTable,
  monthTable,
  processorsTable,
  reactionsTable,
  restoreTable,
  weightsTable,
  workloadsTable,
} from './tables.ts';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');
const DOCUMENT = join(DOCS, 'benchmarks.md');
const FOLDER = join(DOCS, 'benchmarks');
const RESULTS = join(FOLDER, 'results.json');

export const readResults = async (): Promise<Results> => JSON.parse(await readFile(RESULTS, 'utf8'));

/** Writes what a run found: the numbers, the charts, and the parts of the document that hold numbers. */
export async function publish(results: Results): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
  for (const [name, svg] of charts(results)) await writeFile(join(FOLDER, name), svg);
  await writeFile(DOCUMENT, fillIn(await readFile(DOCUMENT, 'utf8'), results));
}

/** The document with the parts between its marks, `<!-- bench: goals -->` and the like, as of these results. */
export function fillIn(document: string, results: Results): string {
  const parts: Readonly<Record<string, string>> = {
    circumstances: circumstances(results),
    goals: asMarkdown(goalsTable(results)),
    workloads: asMarkdown(workloadsTable(results)),
    processors: asMarkdown(processorsTable(results)),
    restore: asMarkdown(restoreTable(results)),
    reactions: asMarkdown(reactionsTable(results)),
    marks: asMarkdown(marksTable(results)),
    bundles: asMarkdown(bundlesTable(results)),
    weights: asMarkdown(weightsTable(results)),
    month: asMarkdown(monthTable(results)),
  };
  return document.replaceAll(
    /(<!-- bench: (\w+) -->\n)[\s\S]*?(\n<!-- end -->)/g,
    (_, begin: string, part: string, end: string) => `${begin}\n${parts[part]}\n${end}`,
  );
}

const circumstances = ({ date, machine, versions, pricesAsOf, arguments: given }: Results): string =>
  [
    `Measured on ${date} with ${machine}, by \`${['npm run bench', ...(given.length > 0 ? ['--'] : []), ...given].join(' ')}\`.`,
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    `Prices of us-east-1 as of ${pricesAsOf}.`,
  ].join('\n');
