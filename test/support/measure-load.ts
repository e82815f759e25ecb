import { readLines } from '../../cli/restore-file/read-lines.ts';
import { checkRestore, rowsOf } from '../../cli/restore-file/restore.ts';
import type { Row } from '../../engines/load.ts';
import { createWorld } from '../../engines/world.ts';

/**
 * A program of its own: checks and loads a restore, and prints the most bytes that were alive on the way. Run with
 * `--expose-gc`, file, DynamoDB endpoint and SQS endpoint.
 */
const [path = '', dynamo = '', sqs = ''] = process.argv.slice(2);
const identity = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };

const LINES_PER_SAMPLE = 2_500;
let count = 0;
let peak = 0;
function sample(): void {
  if (++count % LINES_PER_SAMPLE !== 0) return;
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  peak = Math.max(peak, heapUsed + external);
}
async function* sampled<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const piece of source) {
    yield piece;
    sample();
  }
}

const now = Date.now();
const lines = () => sampled(readLines(path));
const world = await createWorld({
  dynamo: { ...identity, endpoint: dynamo },
  sqs: { ...identity, endpoint: sqs },
});
const records = await checkRestore(lines, now);
const rows: AsyncIterable<Row> = rowsOf(lines, now);
await world.load(rows);
let loaded = 0;
for await (const page of world.scan('segments')) loaded += page.length;
await world.destroy();
process.stdout.write(JSON.stringify({ peak, lines: records.segments, loaded }));
