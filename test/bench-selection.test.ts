import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT_USAGE } from '../bench/arguments.ts';
import { FULL, SMALL } from '../bench/plan.ts';
import { NothingSelectedError, select } from '../bench/selection.ts';

const EVERYTHING = { only: [], maxSize: Number.POSITIVE_INFINITY };
const namesOf = (all: readonly { readonly name: string }[]): string[] => [
  ...new Set(all.map(({ name }) => name)),
];

describe('what a run measures', () => {
  it.each([
    ['all', FULL],
    ['small', SMALL],
  ])('is everything unless it is told otherwise: %s', (_, plan) => {
    expect(select(plan, EVERYTHING)).toEqual({ ...plan, bundles: true });
  });

  it('are the workloads whose name contains what is asked for, up to a size', () => {
    const selection = select(FULL, { only: ['busy', 'waiting'], maxSize: 10_000 });
    expect(namesOf(selection.workloads)).toEqual(['waiting', 'busy', 'busy, all dropped before']);
    expect(selection.workloads.every(({ size }) => size === 10_000)).toBe(true);
    expect(selection).toMatchObject({ reactions: [], bundles: false });
  });

  it('are reactions or bundles alone when nothing else is asked for', () => {
    expect(select(FULL, { ...EVERYTHING, only: ['reactions'] })).toEqual({
      workloads: [],
      reactions: FULL.reactions,
      bundles: false,
    });
    expect(select(FULL, { only: ['bundles'], maxSize: 1 })).toEqual({
      workloads: [],
      reactions: [],
      bundles: true,
    });
  });

  it.each([
    [['nosuch'], Number.POSITIVE_INFINITY],
    [['busy', 'nosuch'], Number.POSITIVE_INFINITY],
    [['publish'], 1_999],
  ])('is never nothing: %o of up to %d tasks is an error that lists the workloads', (only, maxSize) => {
    expect(() => select(SMALL, { only, maxSize })).toThrow(NothingSelectedError);
    expect(() => select(SMALL, { only, maxSize })).toThrow(/there are:\n.*idle[\s\S]*catastrophe/);
  });
});

describe('npm run bench', () => {
  const bench = (...args: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, '../bench/bench.ts'), ...args], {
      encoding: 'utf8',
    });

  it.each([
    [['--only', 'nosuch'], 'no workload is called nosuch'],
    [['--publish', '--only', 'busy'], "'--publish' cannot be used with option '--only"],
    [['--publish', '--small'], "'--publish' cannot be used with option '--small'"],
    [['--publish', '--max-size', '10000'], "'--publish' cannot be used with option '--max-size"],
    [['--max-size', 'many'], 'It must be a number of tasks.'],
  ])('ends with 2 before it measures anything: %o', (args, message) => {
    const { status, stderr, stdout } = bench(...args);
    expect({ status, stdout }).toEqual({ status: EXIT_USAGE, stdout: '' });
    expect(stderr).toContain(message);
  });
});
