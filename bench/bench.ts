import { startEngines } from '../engines/start-engines.ts';
import { createWorld } from '../engines/world.ts';
import { createInspector } from '../functions/inspector/inspector.ts';
import { parsePassEvent } from '../functions/inspector/pass-event.ts';
import type { PassReport } from '../functions/inspector/report/pass-report.ts';
import { priceOf } from './prices.ts';
import { SHARDS, WORKLOADS } from './workloads.ts';

/**
 * Counts what passes cost by what is due: requests, capacity units, and memory held at the peak; prints the table of
 * docs/benchmarks.md. The passes have a clock that stands still: by a real one, a slow machine would read jobs again
 * every five seconds, and count more requests than a fast one. Time is measured beside it, for its ratios only.
 */
const NOW = 1_795_349_750_245;

/** Requests without a time-out: on a busy machine they would be made again, and counted. */
const patient = { requestHandler: { requestTimeout: 0 } };

interface Measured {
  readonly report: PassReport;
  readonly heldMiB: number;
  readonly ms: number;
}

async function measured(inspect: (onVerdict: () => void) => Promise<PassReport>): Promise<Measured> {
  globalThis.gc?.();
  const resting = process.memoryUsage().heapUsed;
  let peak = resting;
  const startedAt = performance.now();
  const report = await inspect(() => {
    peak = Math.max(peak, process.memoryUsage().heapUsed);
  });
  return { report, heldMiB: (peak - resting) / 2 ** 20, ms: performance.now() - startedAt };
}

const count = (n: number): string => n.toLocaleString('en');
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const HEAD = [
  'shape',
  'due',
  'requests',
  'each',
  'read units',
  'write units',
  'US$',
  'MiB held',
  'ms',
  'next pass',
];

const engines = await startEngines();
try {
  console.log(row(HEAD));
  console.log(row(HEAD.map((_, column) => (column === 0 ? '---' : '--:'))));
  for (const { name, sizes, rows } of WORKLOADS)
    for (const size of sizes) {
      const world = await createWorld({
        dynamo: { ...engines.dynamo, ...patient },
        sqs: { ...engines.sqs, ...patient },
      });
      try {
        await world.load(rows(size, NOW));
        const inspector = createInspector({
          ...world,
          shards: SHARDS,
          now: () => NOW,
          // What is measured is drops, not the guard against too many of them.
          maxDrops: Number.POSITIVE_INFINITY,
        });
        const event = parsePassEvent({});
        const { report, heldMiB, ms } = await measured((onVerdict) => inspector(event, { onVerdict }));
        const done = report.tasks.enqueued + report.segments.dropped;
        if (done !== size || !report.complete) throw new Error(`${name}: ${done} of ${size} done`);
        const { requests, capacity } = report;
        const next = await inspector(event);
        console.log(
          row([
            size === sizes[0] ? name : '',
            count(size),
            count(requests.total),
            size === 0 ? '' : (requests.total / size).toFixed(3),
            count(Math.round(capacity.readUnits)),
            count(capacity.writeUnits),
            priceOf(report).toFixed(4),
            heldMiB.toFixed(0),
            count(Math.round(ms)),
            `${next.requests.total} requests`,
          ]),
        );
      } finally {
        await world.destroy();
      }
    }
} finally {
  await engines.stop();
}
