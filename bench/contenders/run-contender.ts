import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { heapFlags } from '../../lib/heap.ts';
import type { Assignment, Effort } from './assignment.ts';
import type { Contender } from './bundle-contenders.ts';

/** Of the functions that are compared. */
const MEMORY_MIB = 1_024;

/** The heap limits of a Lambda of that memory which sets none itself. Source: bootstrap of its Node runtime, a tenth of it for the young generation. */
const LAMBDA_HEAP = ['--max-semi-space-size=51', '--max-old-space-size=922'];

/** Of a minified program, the first lines of a trace are no help. */
const MAX_COMPLAINT = 1_500;

/** Runs a contender in a process of its own. */
export async function runContender(
  contender: Contender,
  file: string,
  assignment: Assignment,
): Promise<Effort> {
  const child = fork(file, [JSON.stringify(assignment)], {
    execArgv: [...(contender === 'project' ? heapFlags(MEMORY_MIB) : LAMBDA_HEAP)],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const complaints = text(child.stderr as NonNullable<ChildProcess['stderr']>);
  const exited = once(child, 'exit');
  const effort = once(child, 'message') as Promise<[Effort]>;
  const first = await Promise.race([effort, exited.then(() => undefined)]);
  if (first === undefined)
    throw new Error(`${file} ended without a result:\n${(await complaints).slice(-MAX_COMPLAINT)}`);
  await exited;
  return first[0];
}
