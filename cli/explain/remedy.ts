import { GRACE_MS } from './condition.ts';
import type { Remedy, Step } from './explanation.ts';
import type { Environment, ScheduleFacts } from './facts.ts';

/** Why nothing is done about what is late: it is around the items, not in them. */
export interface Obstacle {
  readonly kind: 'schedulePaused' | 'queueMissing' | 'writesRefused';
  readonly because: string;
  readonly remedy: Remedy;
}

/** The commands that make a pass over one job: by the deployed function, or in this process where there is none. */
export const passOver = (
  what: 'inspect' | 'check' | 'recover',
  jobId: bigint | string,
  { hasInspector, hasChecker }: Pick<Environment, 'hasInspector' | 'hasChecker'>,
): readonly string[] => {
  const isDeployed = what === 'check' ? hasChecker : hasInspector;
  return [what, ...(isDeployed ? [] : ['--local']), '--jobs', String(jobId)];
};

export const doing = (...steps: readonly Step[]): Remedy => ({ kind: 'do', steps });

/**
 * What keeps passes from doing what is late.
 *
 * @param sends whether it takes the queue
 */
export function obstacleTo(
  step: Step,
  what: 'inspect' | 'check',
  sends: boolean,
  environment: Environment,
): Obstacle | undefined {
  const { queue, writes, queueName = 'NAME' } = environment;
  if (sends && queue.kind === 'missing')
    return {
      kind: 'queueMissing',
      because: 'the queue that workers take tasks from does not exist',
      remedy: doing(
        {
          program: 'aws',
          args: ['sqs', 'create-queue', '--queue-name', queueName],
          effect: 'Creates the queue again, without its dead letters; deploy to get those back.',
        },
        step,
      ),
    };
  if (writes.kind === 'refused')
    return {
      kind: 'writesRefused',
      because: `the table ${writes.table} takes no writes from here: ${writes.reason}`,
      remedy: {
        ...doing({ ...step, effect: `Once writes are allowed again: ${lowerFirst(step.effect)}` }),
      },
    };
  const schedule = what === 'inspect' ? environment.inspectorSchedule : environment.checkerSchedule;
  if (schedule.kind === 'read' && !schedule.isOn)
    return {
      kind: 'schedulePaused',
      because: `the schedule of the ${what === 'inspect' ? 'inspector' : 'checker'} is paused${saidBy(schedule)}`,
      remedy: doing(RESUME),
    };
  return undefined;
}

/** What a pass does about what is late: by itself, if it has been so for a short time only and passes are made. */
export function passOrWait(
  step: Step,
  schedule: ScheduleFacts,
  { dueAt, now }: { readonly dueAt?: number | undefined; readonly now: number },
): Remedy {
  const isSoon = schedule.kind === 'read' && schedule.isOn && dueAt !== undefined && dueAt > now - GRACE_MS;
  return isSoon
    ? { kind: 'wait', until: now + PASS_EVERY_MS, what: 'the next pass looks at it', otherwise: step }
    : doing(step);
}

const PASS_EVERY_MS = 60_000;

const RESUME: Step = { args: ['resume'], effect: 'Passes are made again, every minute.' };

/** Waiting for a pass of the inspector is waiting for somebody to resume it, while it is paused. */
export function waitForPass(
  { until, what, otherwise }: Omit<Extract<Remedy, { kind: 'wait' }>, 'kind'>,
  { inspectorSchedule }: Pick<Environment, 'inspectorSchedule'>,
): Remedy {
  const isPaused = inspectorSchedule.kind === 'read' && !inspectorSchedule.isOn;
  return isPaused
    ? { kind: 'wait', what: `${what}, once the inspector is resumed`, otherwise: RESUME }
    : { kind: 'wait', until, what, otherwise };
}

const saidBy = (schedule: ScheduleFacts): string =>
  schedule.kind === 'read' && schedule.description ? `: ${schedule.description}` : '';

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
