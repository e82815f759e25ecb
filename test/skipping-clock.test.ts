import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createDeliveries, VISIBILITY_MS } from '../cli/loop/deliveries.ts';
import { type SkippingClock, startSkippingClock } from '../cli/loop/skipping-clock.ts';
import { createWorld } from '../engines/world.ts';
import { enginesOfTheRun } from './support/embedded-world.ts';

const MINUTE = 60_000;

describe('the clock of the loop', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('runs as any other does, and counts what it skipped apart', () => {
    const clock = startSkippingClock();
    const began = clock.now();
    vi.advanceTimersByTime(1_500);
    clock.skipTo(10 * MINUTE);
    vi.advanceTimersByTime(500);
    expect(clock.now() - began).toBe(10 * MINUTE + 500);
    expect(clock.worked()).toBe(2_000);
    expect(clock.format(clock.now())).toBe('10:00.5');
  });

  it('does what was to happen by then when it is put forward, the earliest first, and the rest in its time', () => {
    const clock = startSkippingClock();
    const happened: string[] = [];
    const say = (what: string) => () => void happened.push(what);
    clock.after(9 * MINUTE, say('late'));
    clock.after(2 * MINUTE, say('second'));
    clock.after(MINUTE, say('first'));
    clock.after(MINUTE, say('never'))();
    clock.skipTo(3 * MINUTE);
    expect(happened).toEqual(['first', 'second']);
    vi.advanceTimersByTime(6 * MINUTE - 1);
    expect(happened).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(happened).toEqual(['first', 'second', 'late']);
  });

  it('is never put back', () => {
    const clock = startSkippingClock();
    clock.skipTo(5 * MINUTE);
    clock.skipTo(MINUTE);
    expect(clock.elapsed()).toBe(5 * MINUTE);
  });

  it('lets nothing happen any more once it has ended', () => {
    const clock = startSkippingClock();
    let hasHappened = false;
    clock.after(MINUTE, () => {
      hasHappened = true;
    });
    clock.end();
    vi.advanceTimersByTime(MINUTE);
    expect(hasHappened).toBe(false);
  });
});

describe('a message of the queue of the loop', () => {
  async function queueWith(body: string) {
    const world = await createWorld(enginesOfTheRun(), { prefix: 'world' });
    const clock: SkippingClock = startSkippingClock();
    onTestFinished(async () => {
      clock.end();
      await world.destroy();
    });
    await world.sqs.send(new SendMessageCommand({ QueueUrl: world.queueUrl, MessageBody: body }));
    return { clock, deliveries: createDeliveries(world.sqs, world.queueUrl, clock) };
  }

  it('that nobody deletes is hidden for 90 minutes of its clock, and then comes back', async () => {
    const { clock, deliveries } = await queueWith('a task');
    expect(await deliveries.receive()).toMatchObject({ body: 'a task', receipts: 1 });
    clock.skipTo(VISIBILITY_MS - MINUTE);
    await deliveries.settled();
    expect(await deliveries.receive()).toBeUndefined();
    clock.skipTo(VISIBILITY_MS + MINUTE);
    await deliveries.settled();
    expect(await deliveries.receive()).toMatchObject({ body: 'a task', receipts: 2 });
    expect(deliveries.undeleted).toBe(1);
  });

  it('that is deleted never comes back', async () => {
    const { clock, deliveries } = await queueWith('a task');
    await (await deliveries.receive())?.delete();
    expect(deliveries.undeleted).toBe(0);
    clock.skipTo(VISIBILITY_MS + MINUTE);
    await deliveries.settled();
    expect(await deliveries.receive()).toBeUndefined();
  });
});
