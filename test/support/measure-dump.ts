import { dumpTables } from '../../cli/dump-file/dump-tables.ts';
import { loadRecords } from '../../cli/dump-file/load-records.ts';
import { type DumpRecord, formatRecord, parseRecord } from '../../cli/dump-file/record.ts';
import { linesOf, textOf } from '../../cli/restore-file/read-lines.ts';
import type { Row } from '../../engines/load.ts';
import { createWorld } from '../../engines/world.ts';
import { task } from './builders.ts';

/**
 * A program of its own: dumps a table of tasks into a load of another table, as text, as a pipe does, and prints the bytes
 * of the heap that were alive each time a tenth of the tasks had gone through. Run with `--expose-gc`, the number of
 * tasks, DynamoDB endpoint and SQS endpoint.
 */
const [count = '', dynamo = '', sqs = ''] = process.argv.slice(2);
const identity = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
const engines = { dynamo: { ...identity, endpoint: dynamo }, sqs: { ...identity, endpoint: sqs } };
const [from, to] = [await createWorld(engines), await createWorld(engines)];
const { signal } = new AbortController();

function* tasks(): Generator<Row> {
  for (let n = 1n; n <= BigInt(count); n++)
    yield task({ jobId: 1n + (n % 100n), taskId: n, targets: [n, n + 1n], reason: 'x'.repeat(300) });
}
await from.load(tasks());

const alive: number[] = [];
let dumped = 0;
async function* text(): AsyncGenerator<Buffer> {
  for await (const record of dumpTables(from, signal)) {
    if (++dumped % Math.floor(Number(count) / 10) === 0) {
      globalThis.gc?.();
      alive.push(process.memoryUsage().heapUsed);
    }
    yield Buffer.from(`${formatRecord(record)}\n`);
  }
}
async function* records(): AsyncGenerator<DumpRecord> {
  for await (const line of linesOf(text())) yield parseRecord(textOf(line));
}
const { written } = await loadRecords(to, records(), { overwrite: false, signal });
await Promise.all([from.destroy(), to.destroy()]);
process.stdout.write(JSON.stringify({ alive, dumped, written }));
