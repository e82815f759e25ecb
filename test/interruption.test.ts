import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { bucketsThere } from './support/buckets-there.ts';
import {
  allEnded,
  end,
  environment,
  PROJECT,
  plain,
  processesOf,
  run,
  terminal,
  WITH_SAMPLE,
} from './support/command-line.ts';
import {
  type EndpointInBetween,
  endpointInBetween,
  type PassingRequest,
} from './support/endpoint-in-between.ts';
import { leftBehind } from './support/left-behind.ts';
import { type Fault, s3InBetween } from './support/s3-in-between.ts';

const CTRL_C = '\x03';
let markers = 0;

/** A command that is under way, and what it has shown. */
function follow(child: ChildProcess): {
  readonly shown: () => string;
  until(pattern: RegExp): Promise<void>;
} {
  let shown = '';
  child.stdout?.on('data', (data) => {
    shown += data;
  });
  return {
    shown: () => plain(shown),
    async until(pattern) {
      while (!pattern.test(shown)) await sleep(10);
    },
  };
}

const ENDS_WHEN_INTERRUPTED = `
  import { listenForInterruption } from './cli/interruption.ts';
  const interruption = listenForInterruption(() => {});
  const waiting = setInterval(() => {}, 1000);
  interruption.signal.addEventListener('abort', () => {
    clearInterval(waiting);
    interruption.exit();
  });
  console.log('listening');`;

/** Three lines of passes. */
const WATCHING = /(inspect.*){3}/s;

describe.runIf(process.platform === 'linux')('ending npm start', () => {
  let marker: string;
  const running: ChildProcess[] = [];
  beforeEach(() => {
    marker = `${process.pid}-${++markers}`;
  });
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });
  const keep = <T extends ChildProcess>(child: T): T => {
    running.push(child);
    return child;
  };
  const watch = (env = {}) =>
    keep(run([...WITH_SAMPLE, '--watch', '100ms', '--json'], { env: { STARTED_FOR_TEST: marker, ...env } }));
  const npmWatch = (env = {}) =>
    keep(
      terminal(`exec npm start --silent -- ${WITH_SAMPLE.join(' ')} --watch 100ms`, {
        env: { STARTED_FOR_TEST: marker, ...env },
      }),
    );

  describe('on emulators of the user’s own', () => {
    let dynamo: EndpointInBetween;
    let sqs: EndpointInBetween;
    let interfere: (request: PassingRequest) => 'no answer' | undefined;
    beforeEach(async () => {
      interfere = () => undefined;
      dynamo = await endpointInBetween(inject('dynamoEndpoint'), (request) => interfere(request));
      sqs = await endpointInBetween(inject('sqsEndpoint'));
    });
    afterEach(() => Promise.all([dynamo.close(), sqs.close()]));
    const env = () => ({ AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint, AWS_ENDPOINT_URL_SQS: sqs.endpoint });

    it('Ctrl-C in a terminal, which npm passes on once more, ends a watch with its summary and leaves nothing', async () => {
      const child = npmWatch(env());
      const { shown, until } = follow(child);
      const exited = once(child, 'exit');
      await until(WATCHING);
      child.stdin?.write(CTRL_C);
      expect(await exited).toEqual([0, null]);
      expect(shown()).toContain('copy segment task …4195 failed: snapshot manifest not found');
      expect(shown()).toMatch(/\d passes; 9 messages in the queue: 7 pending, 2 lease-expired\.\n/);
      expect(leftBehind([dynamo, sqs])).toEqual([]);
      await allEnded(marker);
    });

    it('Ctrl-C again, while a pass gets no answer, gives it up and leaves nothing', async () => {
      const child = npmWatch(env());
      const { until } = follow(child);
      let hasExited = false;
      const exited = once(child, 'exit').finally(() => {
        hasExited = true;
      });
      await until(WATCHING);
      let isHanging = false;
      interfere = ({ operation }) => {
        isHanging ||= operation === 'Query';
        return operation === 'Query' ? 'no answer' : undefined;
      };
      while (!isHanging) await sleep(10);
      while (!hasExited) {
        child.stdin?.write(CTRL_C);
        await sleep(50);
      }
      expect(await exited).toEqual([130, null]);
      expect(leftBehind([dynamo, sqs])).toEqual([]);
      await allEnded(marker);
    });

    it('while it loads, leaves nothing', async () => {
      const child = keep(run(WITH_SAMPLE, { env: { STARTED_FOR_TEST: marker, ...env() } }));
      interfere = ({ operation }) => {
        if (operation === 'BatchWriteItem') interfere = () => undefined;
        if (operation === 'BatchWriteItem') child.kill('SIGINT');
        return undefined;
      };
      expect(await end(child)).toMatchObject({ code: 130, stderr: '' });
      expect(leftBehind([dynamo, sqs])).toEqual([]);
      await allEnded(marker);
    });

    it('by closing the terminal, leaves nothing', async () => {
      const child = npmWatch(env());
      await follow(child).until(WATCHING);
      child.kill('SIGKILL');
      await allEnded(marker);
      expect(leftBehind([dynamo, sqs])).toEqual([]);
    });

    describe('in the middle of the loop', { timeout: 240_000 }, () => {
      let s3: Awaited<ReturnType<typeof s3InBetween>>;
      let atCopy: () => Fault | Promise<Fault>;
      beforeEach(async () => {
        s3 = await s3InBetween(inject('s3Endpoint'), ({ operation }) =>
          operation === 'CopyObject' ? atCopy() : 'none',
        );
      });
      afterEach(() => s3.close());
      const loop = () =>
        keep(run([], { env: { STARTED_FOR_TEST: marker, ...env(), AWS_ENDPOINT_URL_S3: s3.endpoint } }));

      /** Of the two buckets that the run made, those that are still there. */
      async function bucketsLeft(): Promise<string[]> {
        const made = new Set(s3.carried.flatMap(({ bucket }) => bucket || []));
        expect(made.size).toBe(2);
        return (await bucketsThere()).filter((name) => made.has(name));
      }

      it('while workers copy, leaves no table, no queue and no bucket', async () => {
        const child = loop();
        let hasCopied = false;
        atCopy = () => {
          if (!hasCopied) child.kill('SIGINT');
          hasCopied = true;
          return 'none';
        };
        expect(await end(child)).toMatchObject({ code: 130, stderr: '' });
        expect(leftBehind([dynamo, sqs])).toEqual([]);
        expect(await bucketsLeft()).toEqual([]);
        await allEnded(marker);
      });

      it('again, while S3 does not answer, gives it up and leaves nothing', async () => {
        const child = loop();
        const { promise: answer, resolve } = Promise.withResolvers<Fault>();
        let hasExited = false;
        let isHanging = false;
        const exited = once(child, 'exit').finally(() => {
          hasExited = true;
        });
        atCopy = () => {
          isHanging = true;
          return answer;
        };
        while (!isHanging) await sleep(10);
        while (!hasExited) {
          child.kill('SIGINT');
          await sleep(50);
        }
        expect(await exited).toEqual([130, null]);
        expect(leftBehind([dynamo, sqs])).toEqual([]);
        expect(await bucketsLeft()).toEqual([]);
        await allEnded(marker);
        resolve('drop');
      });
    });

    it('by a reader that has enough, such as head, leaves nothing', async () => {
      const child = keep(
        run([...WITH_SAMPLE, '--watch', '100ms'], { env: { STARTED_FOR_TEST: marker, ...env() } }),
      );
      child.stdout?.once('data', () => child.stdout?.destroy());
      const [code] = await once(child, 'exit');
      expect(code).toBe(0);
      expect(leftBehind([dynamo, sqs])).toEqual([]);
      await allEnded(marker);
    });
  });

  it('--watch --json makes a pass every interval, one report per line, until Ctrl-C', async () => {
    const child = watch();
    const lines: string[] = [];
    createInterface(child.stdout as NonNullable<typeof child.stdout>).on('line', (line) => lines.push(line));
    while (lines.length < 3) await sleep(10);
    expect(await processesOf(marker)).not.toEqual([]);
    const exited = once(child, 'exit');
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
    expect(lines.map((line) => JSON.parse(line).mode)).toEqual(lines.map(() => 'inspect'));
    await allEnded(marker);
  });

  it('signals that arrive while the process ends, such as npm’s late echo, change nothing about its exit code', async () => {
    const child = keep(
      spawn(process.execPath, ['--input-type=module', '--eval', ENDS_WHEN_INTERRUPTED], { cwd: PROJECT }),
    );
    await follow(child).until(/listening/);
    const exited = once(child, 'exit');
    while (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGINT');
      await nextTurn();
    }
    expect(await exited).toEqual([0, null]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('leaves no process when npm alone gets a %s', async (signal) => {
    const npm = spawn('npm', ['start', '--silent', '--', ...WITH_SAMPLE, '--watch', '100ms'], {
      cwd: PROJECT,
      env: { ...environment(), STARTED_FOR_TEST: marker },
      detached: true,
    });
    await follow(keep(npm)).until(WATCHING);
    expect(await processesOf(marker)).not.toEqual([]);
    npm.kill(signal);
    await allEnded(marker);
  });

  it('leaves no process when it is killed', async () => {
    const child = watch();
    await follow(child).until(/"mode"/);
    expect(await processesOf(marker)).not.toEqual([]);
    child.kill('SIGKILL');
    await allEnded(marker);
  });
});
