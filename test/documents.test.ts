import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ActionName } from '../functions/copy-segment/action.ts';
import type { Problem } from '../functions/inspector/report/pass-report.ts';
import { createTally } from '../functions/inspector/report/tally.ts';
import type { ActionRecord } from '../functions/pass/action-record.ts';
import { METRICS } from '../functions/pass/signals.ts';
import { sectionOf } from './support/markdown.ts';

const ROOT = join(import.meta.dirname, '..');
const documents = ['.', 'docs', 'docs/adr'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);
const textOf = (document: string): string => readFileSync(join(ROOT, document), 'utf8');

/** Headings as GitHub and its kind make anchors of them. */
const anchorsOf = (document: string): string[] =>
  [...textOf(document).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

it.each(documents)('every link of %s leads to a file, and to a heading in it', (document) => {
  const links = [...textOf(document).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = '']) => link);
  const dead = links.filter((link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? document : relative(ROOT, join(ROOT, dirname(document), path));
    if (!existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && !anchorsOf(target).includes(anchor);
  });
  expect(dead).toEqual([]);
});

describe('README.md', () => {
  const tally = createTally();
  const { verdicts, ...report } = tally.report(
    { mode: 'recover', dryRun: false },
    {
      passId: '',
      startedAt: 0,
      endedAt: 0,
      cutShort: true,
      stopped: { fromJobId: 1n, fromTaskId: 1n, scannedThrough: 'tasks' },
    },
  );
  const named = (section: string): string[] =>
    [...sectionOf(textOf('README.md'), section).matchAll(/`(\w+)`/g)].map(([, name = '']) => name);

  it('explains every field of a report, and every outcome of tasks, jobs, segments and messages', () => {
    const { tasks, jobs, segments, messages } = report;
    const outcomes = [tasks, jobs, segments, messages].flatMap((counts) => Object.keys(counts));
    expect(named('The report')).toEqual(
      expect.arrayContaining([...Object.keys(report), ...outcomes, 'verdicts']),
    );
  });

  it('has a row for every verdict', () => {
    expect(named('How a pass goes')).toEqual(expect.arrayContaining(Object.keys(verdicts)));
  });
});

it('RUNBOOK.md says what to do about every kind of problem', () => {
  const kinds: Record<Problem['kind'], true> = {
    orphan: true,
    malformed: true,
    contradiction: true,
    foreign: true,
    failed: true,
    lostLeases: true,
    unchecked: true,
    withheld: true,
  };
  const rows = sectionOf(textOf('RUNBOOK.md'), 'A pass reports a problem');
  const explained = [...rows.matchAll(/^\| `(\w+)` \|/gm)].map(([, kind]) => kind);
  expect(explained.sort()).toEqual(Object.keys(kinds).sort());
});

describe('docs/log.md', () => {
  const page = textOf('docs/log.md');
  const firstColumn = (section: string): string[] =>
    [...sectionOf(page, section).matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, names = '']) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    );

  it('explains every field of a line, and every action there is', () => {
    const actions: Record<ActionName, true> = {
      enqueued: true,
      released: true,
      failed: true,
      settled: true,
      rested: true,
      postponed: true,
      withheld: true,
      advanced: true,
      dropped: true,
      started: true,
      publishing: true,
      published: true,
      completed: true,
      marked: true,
      requeued: true,
      forgotten: true,
      submitted: true,
      loaded: true,
    };
    const fields: Record<keyof ActionRecord, true> = {
      passId: true,
      what: true,
      table: true,
      jobId: true,
      taskId: true,
      segmentId: true,
      before: true,
      after: true,
      because: true,
    };
    expect(firstColumn('A line per change').sort()).toEqual(
      [...Object.keys(actions), ...Object.keys(fields), 'timestamp', 'service', 'who'].sort(),
    );
  });

  it('has every metric', () => {
    const names = Object.values(METRICS).map(({ name }) => name);
    expect(firstColumn('Metrics').sort()).toEqual(names.sort());
  });
});
