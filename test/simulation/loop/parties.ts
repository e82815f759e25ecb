import { parseCheckEvent } from '../../../functions/checker/check-event.ts';
import { checkerOver } from '../../../functions/checker/checker.ts';
import type { ObjectWrite } from '../../../functions/copy-segment/invariants-of-objects.ts';
import { inspectorOver } from '../../../functions/inspector/inspector.ts';
import { parsePassEvent } from '../../../functions/inspector/pass-event.ts';
import { submitOver } from '../../../functions/submit/submit.ts';
import type { SubmitResult } from '../../../functions/submit/submit-result.ts';
import { workerOver } from '../../../functions/worker/worker.ts';
import { s3WorkerOver } from '../../../functions/worker-s3/s3-worker.ts';
import { SHARDS } from '../stage.ts';
import { jobOf, mappingsOf, type Restore } from './restores.ts';
import type { LoopStage, Mutant, Ports } from './stage.ts';
import type { Process, Role, Wire } from './wire.ts';
import { type KnownLease, wiredObjects, wiredPorts } from './wired-ports.ts';

const MIB = 1024 * 1024;

/** A process that was started, and how it ends: never with an error. */
export interface Running {
  readonly process: Process;
  readonly ends: Promise<Ending>;
}

export type Ending =
  | { readonly kind: 'ended'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown };

export interface WorkerRun {
  /** Its time is over: it hands over. */
  timeIsUp: boolean;
}

/** Starts the real parties, each over the wire. */
export function createParties(stage: LoopStage, wire: Wire, mutant: Mutant, writes: ObjectWrite[]) {
  const now = (): number => stage.clock.now;
  const config = { shards: SHARDS, now };
  let nodes = 0;

  const start = (
    role: Role,
    run: (ports: Omit<Ports, 'objects'>, process: Process, raw: Ports) => Promise<unknown>,
    node?: string,
  ): Running => {
    const process: Process = { role, isDead: false, isDisturbed: false };
    const raw = mutant(stage.ports(role, node), role);
    const ends = run(wiredPorts(wire, process, raw), process, raw).then(
      (value): Ending => ({ kind: 'ended', value }),
      (error): Ending => ({ kind: 'threw', error }),
    );
    return { process, ends };
  };

  return {
    submit: (restore: Restore): Running & { readonly result: Promise<SubmitResult | undefined> } => {
      const running = start('submit', (ports) =>
        submitOver(() => ports, config)(jobOf(restore), () => mappingsOf(restore)),
      );
      const result = running.ends.then((end) =>
        end.kind === 'ended' ? (end.value as SubmitResult) : undefined,
      );
      return { ...running, result };
    },

    inspect: (mode: 'inspect' | 'recover'): Running =>
      start('inspector', (ports) => inspectorOver(() => ports, config)(parsePassEvent({ mode }))),

    check: (mode: 'check' | 'recover'): Running =>
      start('checker', (ports) =>
        // Only a reaction asks for the last task that is unfinished.
        checkerOver(
          () => ({ ...ports, lastUnfinished: async () => undefined }),
          config,
        )(parseCheckEvent({ mode })),
      ),

    /** @param deleted the message was dealt with */
    work(body: string, deleted: () => void): Running & { readonly run: WorkerRun } {
      const run: WorkerRun = { timeIsUp: false };
      const nodeId = `node-${++nodes}`;
      const running = start(
        'worker',
        async (ports, process, raw) => {
          const { jobId, taskId } = JSON.parse(body) as { readonly jobId: string; readonly taskId: string };
          const key = { jobId: BigInt(jobId), taskId: BigInt(taskId) };
          const lease = async (): Promise<KnownLease> => {
            const found = await raw.items.read('tasks', key);
            const isHeld = found?.state === 'InProgress' && found.nodeId === nodeId;
            return {
              ...key,
              taskVersion: Number(found?.taskVersion),
              leaseExpiresAt: isHeld ? Number(found.leaseExpiresAt) : undefined,
            };
          };
          const { items } = ports;
          const worker = workerOver(items, { nodeId, now, after: wire.timersOf(process) });
          const works = s3WorkerOver({
            worker,
            items,
            storeUntil: (signal) =>
              wiredObjects({ wire, process, objects: raw.objects, now, lease, writes }, signal),
            maxSingleBytes: MIB,
            partBytes: MIB,
          });
          const end = await works(body, () => (run.timeIsUp ? 30_000 : Number.POSITIVE_INFINITY));
          if (end === 'done') deleted();
          return end;
        },
        nodeId,
      );
      return { ...running, run };
    },
  };
}
