import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts in hundredths of a second, whatever its own clock. Source: proc(5), USER_HZ. */
const MS_PER_TICK = 10;

/** Of what follows the name of a program in /proc/<pid>/stat. Source: proc(5). */
const GROUP = 2;
const USER = 11;
const SYSTEM = 12;

/** What the processes of a group have computed so far, user and system, in milliseconds; undefined where there is no /proc. */
export function cpuOfGroup(group: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(statOf);
  const ticks = processes
    .filter((fields) => Number(fields[GROUP]) === group)
    .reduce((sum, fields) => sum + Number(fields[USER]) + Number(fields[SYSTEM]), 0);
  return ticks * MS_PER_TICK;
}

/** Its fields from the state on: a name may hold blanks and brackets. */
function statOf(pid: string): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    // It has ended since the folder was read.
    return [];
  }
}
