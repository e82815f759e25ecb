import { jobCancelled } from '../../../functions/copy-segment/checker-job-changes.ts';
import {
  type ObjectWrite,
  violationsInWrites,
} from '../../../functions/copy-segment/invariants-of-objects.ts';
import type { Item } from '../../../functions/copy-segment/item.ts';
import { isJob } from '../../../functions/copy-segment/job.ts';
import { Foul } from '../referee.ts';
import { violationsOf } from '../restores.ts';
import { SHARDS } from '../stage.ts';
import { createParties, type Running, type WorkerRun } from './parties.ts';
import { objectsOf, prepare, type Restore, restoreOf } from './restores.ts';
import type { LoopStage, Mutant } from './stage.ts';
import type { LoopHistory, LoopStep } from './steps.ts';
import { createWire, type Fault, type Label, quiet } from './wire.ts';

/** More would only wait for each other. */
const MAX_PROCESSES = 6;

export type LoopPlay = ReturnType<typeof createLoopPlay>;

/** The parties at work on a stage; `take` is the only thing that moves anything. */
export function createLoopPlay(stage: LoopStage, { restores: seeds }: LoopHistory, mutant: Mutant) {
  const wire = createWire(stage.clock);
  const writes: ObjectWrite[] = [];
  const parties = createParties(stage, wire, mutant, writes);
  const restores = seeds.map(restoreOf);
  let running: (Running & { readonly run?: WorkerRun })[] = [];
  let versions = 0;

  const play = {
    stage,
    wire,
    parties,
    restores,
    /** Objects that somebody meddled with: those of Completed jobs are not asked to be equal. */
    tampered: new Set<string>(),
    /** Of these sources, those that were gone for a while: a listing cannot miss them. */
    missed: new Set<string>(),
    cancelled: new Set<bigint>(),
    /** What is still at work; what is dead never ends if it was asleep. */
    running(): readonly Running[] {
      forgetTheDead();
      return running;
    },

    async prepare(): Promise<void> {
      for (const restore of restores) await prepare(stage, restore);
    },

    /** Follows a process to its end: one that nobody disturbed does not throw. */
    start(one: Running & { readonly run?: WorkerRun }): void {
      running.push(one);
      void one.ends.then((end) => {
        running = running.filter((other) => other !== one);
        if (end.kind === 'threw' && !one.process.isDead && !one.process.isDisturbed) fail(end.error);
      });
    },

    async take(step: LoopStep): Promise<void> {
      await move(step);
      await quiet();
      forgetTheDead();
      await judge();
    },
    judge,
  };

  let thrown: unknown;
  const fail = (error: unknown): void => {
    thrown ??= error;
  };

  function forgetTheDead(): void {
    running = running.filter(({ process }) => !process.isDead);
  }

  async function judge(): Promise<void> {
    if (thrown) throw thrown;
    for (const [name, reason] of violationsOf(await stage.tables(), stage.clock.now))
      throw new Foul(`${name}: ${reason}`);
    for (const { invariant, key, reason } of violationsInWrites(writes))
      throw new Foul(`${invariant} (${key.key}): ${reason}`);
  }

  async function move(step: LoopStep): Promise<void> {
    const restore = 'restore' in step ? at(restores, step.restore) : undefined;
    const mayStart = running.length < MAX_PROCESSES;
    switch (step.do) {
      case 'submit':
        if (mayStart && restore) play.start(parties.submit(restore));
        return;
      case 'inspect':
        if (mayStart) play.start(parties.inspect(step.isRecovery ? 'recover' : 'inspect'));
        return;
      case 'check':
        if (mayStart) play.start(parties.check(step.isRecovery ? 'recover' : 'check'));
        return;
      case 'work':
        if (mayStart) deliver(at(stage.queue, step.message));
        return;
      case 'request':
        if (wire.waiting.length > 0) await wire.letThrough(step.index, step.fault);
        return;
      case 'requests':
        return letThroughOf(at(running, step.process), step);
      case 'next':
        return letThroughOf(at(running, step.process), { count: 1, fault: step.fault });
      case 'wait':
        stage.clock.now += step.ms;
        return wire.fireTimers();
      case 'stall':
        stage.clock.now += step.ms;
        return;
      case 'kill':
        return kill(at(running, step.process));
      case 'timeIsUp': {
        const run = at(running, step.process)?.run;
        if (run) run.timeIsUp = true;
        return;
      }
      case 'cancel':
        return cancel(restore);
      case 'lie':
        return lie(restore);
      case 'tamper':
        return tamper(restore, step);
      case 'freezeIndex':
        return stage.freezeIndex(step.isFrozen);
    }
  }

  function deliver(body: string | undefined): void {
    if (body === undefined) return;
    const deleted = (): void => {
      const index = stage.queue.indexOf(body);
      if (index >= 0) stage.queue.splice(index, 1);
    };
    play.start(parties.work(body, deleted));
  }

  async function letThroughOf(
    one: Running | undefined,
    { count, before, fault }: { count: number; before?: Label | undefined; fault?: Fault | undefined },
  ): Promise<void> {
    for (let done = 0; done < count; done++) {
      const index = wire.waiting.findIndex(
        ({ process, isOrphaned }) => process === one?.process && !isOrphaned,
      );
      if (index < 0 || wire.waiting[index]?.label === before) return;
      await wire.letThrough(index, fault);
      await judge();
    }
  }

  function kill(one: Running | undefined): void {
    if (one) wire.kill(one.process);
  }

  async function jobItem({ jobId }: Restore): Promise<Item | undefined> {
    return (await stage.tables()).jobs.find((item) => item.jobId === jobId);
  }

  async function cancel(restore: Restore | undefined): Promise<void> {
    const ports = stage.ports('submit');
    const job = restore && (await ports.jobs.read([restore.jobId])).get(restore.jobId);
    if (!restore || !job || !isJob(job)) return;
    const change = jobCancelled(job, 'an operator', stage.clock.now, SHARDS);
    if (change === undefined) return;
    play.cancelled.add(restore.jobId);
    await ports.write([change]);
  }

  /** The counters of a job are hints: a verdict that believes them is wrong. */
  async function lie(restore: Restore | undefined): Promise<void> {
    const item = restore && (await jobItem(restore));
    if (!item) return;
    const { totalTasks, totalSegments } = item;
    await stage.put('jobs', { ...item, completedTasks: totalTasks, completedSegments: totalSegments });
  }

  async function tamper(
    restore: Restore | undefined,
    { object: index, how }: Extract<LoopStep, { do: 'tamper' }>,
  ): Promise<void> {
    const object = restore && at(objectsOf(restore), index);
    if (!restore || !object) return;
    const { source, target, size } = object;
    if (how === 'occupied' && (await stage.bucket.content(target)) !== undefined) return;
    play.tampered.add(source);
    const version = `other-${++versions}`;
    if (how === 'gone') {
      play.missed.add(source);
      await stage.bucket.remove(source);
    } else if (how === 'replaced') await stage.bucket.put(source, size, version);
    else if (how === 'resized') await stage.bucket.put(source, size + 1, version);
    else await stage.bucket.put(target, size, version);
  }

  return play;
}

const at = <T>(list: readonly T[], index: number): T | undefined => list[index % list.length];
