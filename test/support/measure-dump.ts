import { PassThrough } from 'node:stream';
import { runCommandLine } from '../../cli/command-line.ts';
import type { Surroundings } from '../../cli/surroundings.ts';
import type { Row } from '../../engines/load.ts';
import { createWorld } from '../../engines/world.ts';
import { task } from './builders.ts';

/**
 * A program of its own: dumps tables of tasks into a load of other tables, as a pipe does, and prints the most bytes
 * that were alive on the way. Run with `--expose-gc`, the number of tasks, DynamoDB endpoint and SQS endpoint.
 */
const [count = '', dynamo = '', sqs = ''] = process.argv.slice(2);
const identity = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
Object.assign(process.env, {
  AWS_ENDPOINT_URL_DYNAMODB: dynamo,
  AWS_ENDPOINT_URL_SQS: sqs,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
});

const engines = { dynamo: { ...identity, endpoint: dynamo }, sqs: { ...identity, endpoint: sqs } };
const [from, to] = [await createWorld(engines), await createWorld(engines)];
function* tasks(): Generator<Row> {
  for (let n = 1n; n <= BigInt(count); n++)
    yield task({ jobId: 1n + (n % 100n), taskId: n, targets: [n, n + 1n], reason: 'x'.repeat(300) });
}
await from.load(tasks());

const WRITES_PER_SAMPLE = 25;
let writes = 0;
let peak = 0;
const pipe = new PassThrough();
const screen = { isTerminal: false, width: Number.POSITIVE_INFINITY, maxLines: 1_000 };
const nowhere = { screen, write: async () => {} };
const surroundings: Surroundings = {
  out: {
    screen,
    write: (text) => {
      if (++writes % WRITES_PER_SAMPLE === 0) {
        globalThis.gc?.();
        const { heapUsed, external } = process.memoryUsage();
        peak = Math.max(peak, heapUsed + external);
      }
      return new Promise((resolve) => (pipe.write(text) ? resolve() : pipe.once('drain', resolve)));
    },
  },
  err: nowhere,
  stdin: pipe,
  now: Date.now,
  signal: new AbortController().signal,
};
const named = ({ tables }: typeof from): string[] => [
  ...['--jobs-table', tables.jobs, '--tasks-table', tables.tasks, '--segments-table', tables.segments],
];

const loading = runCommandLine(['load', '-', ...named(to)], { ...surroundings, out: nowhere });
await runCommandLine(['dump', ...named(from)], surroundings);
pipe.end();
await loading;

let loaded = 0;
for await (const page of to.scan('tasks')) loaded += page.length;
let dumped = 0;
for await (const page of from.scan('tasks')) dumped += page.length;
await Promise.all([from.destroy(), to.destroy()]);
process.stdout.write(JSON.stringify({ peak, dumped, loaded }));
