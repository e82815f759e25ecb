import { readFileSync } from 'node:fs';
import type { Assignment, Done, Effort } from './assignment.ts';

/** Runs a contender in this process, which is its own, and tells the parent what it took. */
export async function contend(contender: (assignment: Assignment) => Promise<Done>): Promise<void> {
  const assignment: Assignment = JSON.parse(process.argv[2] ?? '{}');
  // Whoever asked is gone.
  process.on('disconnect', () => process.exit(1));
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
  process.send?.({ ...fastest, peakBytes: peakBytes() }, () => process.exit());
}

/** Linux counts it per program; elsewhere the parent's memory at the start may be in it. */
function peakBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1_024;
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kib) * 1_024;
}
