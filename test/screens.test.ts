import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandLine } from './support/command-in-process.ts';

const ROOT = join(import.meta.dirname, '..');
const documents = ['.', 'docs'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

interface Screen {
  readonly document: string;
  /** How the program is typed after the prompt. */
  readonly program: readonly string[];
  /** What is typed after that. */
  readonly typed: string;
  readonly shown: string;
}

/** The screens of a document: what follows a prompt, up to the next one. */
const screensOf = (document: string): Screen[] =>
  [...readFileSync(join(ROOT, document), 'utf8').matchAll(/^```(?:text)?\n(\$ [\s\S]*?)^```$/gm)].flatMap(
    ([, block = '']) =>
      block
        .split(/^\$ /m)
        .filter((part) => /^(npx )?copy-segment /.test(part))
        .map((part) => {
          const [line = '', ...shown] = part.split('\n');
          const [program = '', typed = ''] = line.split(/(?<=copy-segment) /);
          return { document, program: program.split(' '), typed, shown: shown.join('\n').trimEnd() };
        }),
  );

const screens = documents.flatMap(screensOf);

/** When the screens on the sample were taken. */
const TAKEN = Date.parse('2026-11-22T12:15:00Z');

/** A pass by hand says how long it took. */
const withoutDurations = (text: string): string => text.replaceAll(/\d+\.\d s/g, '0.0 s');

describe('a screen in the documents', () => {
  it.each(screens)('is no wider than a terminal of 80 columns: $document, $typed', ({ shown }) => {
    expect(shown.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it.each(screens.filter(({ typed }) => typed.endsWith(' --embedded')))(
    'on the sample is what the command shows: $document, $typed',
    async ({ program, typed, shown }) => {
      const { stdout, stderr } = await commandLine(typed.split(' '), {
        now: () => TAKEN,
        width: 80,
        program,
      });
      expect(withoutDurations(shown)).toBe(withoutDurations(`${stdout}${stderr}`.trimEnd()));
    },
  );
});
