import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const PROJECT = join(import.meta.dirname, '..');
const json = (name: string) => JSON.parse(readFileSync(join(PROJECT, name), 'utf8'));

/** A `node` on the PATH that says it is version 20, as a user's own is when the project's was not installed. */
const directory = mkdtempSync(join(tmpdir(), 'node-20-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const disguise = join(directory, 'disguise.cjs');
writeFileSync(
  disguise,
  `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });`,
);
writeFileSync(join(directory, 'node'), `#!/bin/sh\nexec '${process.execPath}' -r '${disguise}' "$@"\n`);
chmodSync(join(directory, 'node'), 0o755);

const withNode20 = (command: string) => {
  const PATH = `${directory}${delimiter}${process.env.PATH}`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd: PROJECT,
    env: { ...process.env, PATH },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

describe('without the Node 24 that the project brings', () => {
  const { scripts } = json('package.json');
  // npx would put the project's own Node first, which is what is missing here.
  const app = json('cdk.json').app.replace('npx --no-install ', '');

  it.each([
    ['npm start', scripts.start],
    ['npm test', scripts.test],
    ['npm run bench', scripts.bench],
    ['npx cdk synth', app],
  ])('%s says in one line what is missing and how to get it, and does nothing else', (_, command) => {
    const { status, stdout, stderr } = withNode20(command);
    expect(stderr).toMatch(
      /^Node 24 is needed and Node 20\.20\.2 runs: .*\. Run: npm rebuild node --ignore-scripts=false\n$/,
    );
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });
});
