import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commandLine } from './support/command-in-process.ts';

const ROOT = join(import.meta.dirname, '..');
const filesOf = (folder: string, ending: string): string[] =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
const texts = [...filesOf('.', '.md'), ...filesOf('docs', '.md'), ...filesOf('lib', '.ts')];

/** Where the program is typed: at the start of a line, of code, or after a prompt. */
const TYPED = /(?:^|`|\$ |DO )copy-segment ([a-z]+)/gm;

it.each(texts)('%s types no command that there is none of', async (path) => {
  const { stdout } = await commandLine(['--help']);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
  const typed = [...readFileSync(join(ROOT, path), 'utf8').matchAll(TYPED)].map(([, name]) => name);
  expect(typed.filter((name) => !commands.includes(name))).toEqual([]);
});
