import { countOf } from '../terminal/count-of.ts';
import type { Environment, QueueFacts, ScheduleFacts } from './facts.ts';

/** Queue and schedules, in words. */
export function environmentLines({
  queue,
  inspectorSchedule,
  checkerSchedule,
  writes,
  lastPass,
}: Environment): (readonly [string, string])[] {
  return [
    ['queue', queueText(queue)],
    ['schedule', `inspector ${scheduleText(inspectorSchedule)}, checker ${scheduleText(checkerSchedule)}`],
    ...(lastPass === undefined ? [] : [['last pass', lastPass] as const]),
    ...(writes.kind === 'refused' ? [['writes', `refused: ${writes.reason}`] as const] : []),
    ...(writes.kind === 'taken'
      ? [['writes', 'taken from here: tried with one that changes nothing'] as const]
      : []),
  ];
}

export function queueText(queue: QueueFacts): string {
  switch (queue.kind) {
    case 'unnamed':
      return 'not read';
    case 'missing':
      return 'it does not exist';
    case 'unread':
      return 'could not be read';
    case 'read': {
      const { visible, inFlight, deadLetters } = queue;
      const dead = deadLetters === undefined ? '' : `, ${countOf(deadLetters, 'dead letter')}`;
      return `${countOf(visible, 'message')} waiting, ${inFlight} in flight${dead}`;
    }
  }
}

export function scheduleText(schedule: ScheduleFacts): string {
  switch (schedule.kind) {
    case 'unnamed':
      return 'not read';
    case 'missing':
      return `${schedule.name} does not exist`;
    case 'notDeployed':
      return 'not deployed';
    case 'unread':
      return 'could not be read';
    case 'read':
      return schedule.isOn ? `on, ${schedule.rate}` : `paused${withText(schedule.description)}`;
  }
}

const withText = (text: string | undefined): string => (text ? ` (${text})` : '');
