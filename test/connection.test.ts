import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { screenOf } from '../cli/terminal/screen.ts';
import { job, NOW, task } from './support/builders.ts';
import { cloudFormationStub, outputsOf } from './support/cloud-formation-stub.ts';
import { commandLine, commandOn, optionsOf } from './support/command-in-process.ts';
import { PROJECT } from './support/command-line.ts';
import { embeddedWorld } from './support/embedded-world.ts';

const now = () => NOW;

describe('the deployment of a command', () => {
  it('is that of the stack: tables, queue and shards are its outputs', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ taskId: 4n, dueShard: 6n }));
    await cloudFormationStub('Inspector', outputsOf(world));
    const { stdout } = await commandLine(['explain', '1/4', '--stack', 'Inspector', '--json'], { now });
    // Of four shards, no pass would ask the seventh.
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'neverSent', of: 'stack Inspector' });
    expect(JSON.parse(stdout).lines).toContainEqual(['queue', '0 messages waiting, 0 in flight']);
  });

  it('printed commands repeat the options that were typed, and no others', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task());
    await cloudFormationStub('Inspector', outputsOf(world));
    const { stdout } = await commandLine(['explain', '1/1', '--stack', 'Inspector'], { now });
    expect(stdout).toMatch(/^DO {2}copy-segment inspect --local --jobs 1 --stack Inspector$/m);
  });

  it('may come from the environment, which printed commands rely on', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task());
    await cloudFormationStub('Inspector', outputsOf(world));
    process.env.COPY_SEGMENT_STACK = 'Inspector';
    onTestFinished(() => void delete process.env.COPY_SEGMENT_STACK);
    const { stdout } = await commandLine(['explain', '1/1'], { now });
    expect(stdout).toMatch(/^DO {2}copy-segment inspect --local --jobs 1$/m);
  });

  it('a flag beats what the stack says', async () => {
    const [world, other] = [await embeddedWorld(), await embeddedWorld()];
    await other.has(job(), task());
    await cloudFormationStub('Inspector', outputsOf(world));
    const options = [...optionsOf(other), '--stack', 'Inspector', '--json'];
    const { stdout } = await commandLine(['explain', '1/1', ...options], { now });
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'neverSent' });
  });

  it.each([
    ['is not there', 'Other', /^There is no stack Other in this account and region/],
    ['is of something else', 'Inspector', /^The stack Inspector has no outputs that name tables/],
  ])('a stack that %s ends with 2', async (_, name, message) => {
    await cloudFormationStub('Inspector', { SomethingElse: '1' });
    const { code, stderr } = await commandLine(['status', '--stack', name]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it('none at all ends with 2, and says what there is to name', async () => {
    const { code, stderr } = await commandLine(['status']);
    expect(stderr).toMatch(/^Which deployment\? Name its stack \(--stack NAME\)/);
    expect(code).toBe(2);
  });

  it('--embedded is a restore on this machine, the sample unless a file is named', async () => {
    const { stdout } = await commandLine(['status', '--embedded', '--json']);
    expect(JSON.parse(stdout).jobsByState).toEqual({ Executing: 1, Failed: 1, Publishing: 1, Completed: 1 });
  });

  it('an endpoint where nobody answers ends with 3', async () => {
    const world = await embeddedWorld();
    const { code, stderr } = await commandOn(world, ['explain', '1'], {
      dynamoEndpoint: 'http://127.0.0.1:1',
    });
    expect(stderr).toMatch(/^AWS did not answer, or did not let it: .*ECONNREFUSED/);
    expect(code).toBe(3);
  });

  it('tables that do not exist end with 3', async () => {
    const world = await embeddedWorld();
    const { code, stderr } = await commandOn(
      { ...world, tables: { jobs: 'no-1', tasks: 'no-2', segments: 'no-3' } },
      ['status'],
    );
    expect(stderr).toBe('There are no tables no-1, no-2, no-3 in this account and region.\n');
    expect(code).toBe(3);
  });
});

describe('every command', () => {
  const COMMANDS =
    'submit inspect check recover status explain cancel release requeue fail forget dump load log pause resume audit';

  it.each(COMMANDS.split(' '))('%s --help: examples and exit codes, in 80 columns', async (name) => {
    const { code, stdout } = await commandLine([name, '--help']);
    const lines = stdout.split('\n');
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nExamples:\n {2}\S[\s\S]*\nExit codes: 0 /);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    // A line that was too long is broken, and what is left of it stands alone.
    expect(lines.filter((line) => /^\w+$/.test(line))).toEqual([]);
  });

  it('says of which version it is', async () => {
    const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
    expect(await commandLine(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });
});

describe('a screen', () => {
  it('has no more lines for a command than the terminal, whose size may be unknown', () => {
    const linesOn = (rows: number) =>
      screenOf({ isTTY: true, columns: 80, rows } as NodeJS.WriteStream).maxLines;
    expect(linesOn(24)).toBeLessThan(24);
    expect(linesOn(60)).toBeGreaterThan(linesOn(24));
    expect(linesOn(0)).toBe(30);
  });
});
