import { readFileSync } from 'node:fs';
import type { Assignment, Done, Effort, MemorySample } from './assignment.ts';

/** Runs a contender in this process, which is its own, and tells the parent what it took. */
export async function contend(contender: (assignment: Assignment) => Promise<Done>): Promise<void> {
  const assignment: Assignment = JSON.parse(process.argv[2] ?? '{}');
  // Whoever asked is gone.
  process.on('disconnect', () => process.exit(1));
  const memory = watchMemory();
  const efforts: Omit<Effort, 'peakBytes'>[] = [];
  for (let time = 0; time < assignment.times; time++) {
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    const done = await contender(assignment);
    const wallMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpu);
    efforts.push({ ...done, wallMs, cpuMs: (user + system) / 1_000 });
  }
  const [fastest] = efforts.sort((a, b) => a.wallMs - b.wallMs);
  process.send?.({ ...fastest, peakBytes: peakBytes(), memory: memory() }, () => process.exit());
}

const SAMPLE_MS = 100;

/** @returns the sample with the most resident memory so far, one of now among them */
function watchMemory(): () => MemorySample {
  const sample = (): MemorySample => {
    const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
    return { resident: rss, heap: heapTotal, heapUsed, buffers: external };
  };
  let highest = sample();
  const look = (): MemorySample => {
    const current = sample();
    if (current.resident > highest.resident) highest = current;
    return highest;
  };
  setInterval(look, SAMPLE_MS).unref();
  return look;
}

/** Linux counts it per program; elsewhere the parent's memory at the start may be in it. */
function peakBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1_024;
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kib) * 1_024;
}
