import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { job, task } from './support/builders.ts';
import { optionsOf } from './support/command-in-process.ts';
import { COPY_SEGMENT, plain, terminal } from './support/command-line.ts';
import { embeddedWorld, type World } from './support/embedded-world.ts';

const CTRL_C = '\x03';
const CTRL_D = '\x04';

/** Types an answer to the question of a command, in a terminal. */
async function answered(world: World, typed: string) {
  const command = [process.execPath, COPY_SEGMENT, 'forget', '1/1', ...optionsOf(world)].join(' ');
  const child = terminal(`exec ${command}`, {
    env: {
      AWS_ENDPOINT_URL_DYNAMODB: inject('dynamoEndpoint'),
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let shown = '';
  child.stdout?.on('data', (data) => {
    shown += data;
  });
  const exited = once(child, 'exit');
  while (!shown.includes('[y/N] ')) await sleep(10);
  child.stdin?.write(typed);
  const [code] = await exited;
  return { code, shown: plain(shown) };
}

describe.runIf(process.platform === 'linux')('a question on a terminal', () => {
  it.each([
    ['Ctrl-C', CTRL_C],
    ['Ctrl-D', CTRL_D],
  ])('%s answers it: nothing was changed, and the command ends with 130', async (_, key) => {
    const world = await embeddedWorld();
    await world.has(job(), task());
    const before = await world.items();
    const { code, shown } = await answered(world, key);
    expect(shown).toMatch(/Forget task 1\/1\? \[y\/N\] .*\nNothing was changed\.\n$/);
    expect(code).toBe(130);
    expect(await world.items()).toEqual(before);
  });

  it('is answered with a line: y does it, anything else does not', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task());
    expect(await answered(world, 'n\r')).toMatchObject({ code: 1 });
    expect(await world.task()).toHaveProperty('dueAt');
    expect(await answered(world, 'y\r')).toMatchObject({ code: 0 });
    expect(await world.task()).not.toHaveProperty('dueAt');
  });
});
