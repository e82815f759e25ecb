import { GRACE_MS } from './condition.ts';
import type { Remedy, Step } from './explanation.ts';
import type { Environment, ScheduleFacts } from './facts.ts';

/** Why nothing is done about what is late: it is around the items, not in them. */
export interface Obstacle {
  readonly kind: 'schedulePaused' | 'scheduleMissing' | 'queueMissing' | 'writesRefused';
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

export const doing = (...steps: readonly Step[]): Extract<Remedy, { readonly kind: 'do' }> => ({
  kind: 'do',
  steps,
});

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
  const { queue, writes, lastPass, queueName = 'NAME' } = environment;
  if (sends && queue.kind === 'missing')
    return {
      kind: 'queueMissing',
      because: 'the queue that workers take tasks from does not exist',
      remedy: doing(
        {
          program: 'aws',
          args: ['sqs', 'create-queue', '--queue-name', queueName, ...attributesOf(queueName)],
          effect: 'Creates the queue again, without its dead letters; deploy to get those back.',
        },
        step,
      ),
    };
  const which = what === 'inspect' ? 'inspector' : 'checker';
  const schedule = what === 'inspect' ? environment.inspectorSchedule : environment.checkerSchedule;
  if (schedule.kind === 'missing')
    return {
      kind: 'scheduleMissing',
      because: `the schedule ${schedule.name} of the ${which} does not exist: no passes are made`,
      remedy: {
        ...doing({
          program: 'npx',
          args: ['cdk', 'deploy', '--revert-drift'],
          effect: 'Creates it again; with the -c options that it was deployed with.',
        }),
        otherwise: { ...step, effect: `by hand, once: ${lowerFirst(step.effect)}` },
      },
    };
  if (schedule.kind === 'read' && !schedule.isOn)
    return {
      kind: 'schedulePaused',
      because: `the schedule of the ${which} is paused${saidBy(schedule)}`,
      remedy: doing(resuming(schedule)),
    };
  const refusal =
    writes.kind === 'refused'
      ? `the table ${writes.table} takes no writes: ${writes.reason}`
      : lastPass !== undefined && DENIED.test(lastPass)
        ? `the last pass could not: ${lastPass}`
        : undefined;
  return refusal === undefined
    ? undefined
    : {
        kind: 'writesRefused',
        because: refusal,
        remedy: {
          ...doing({ ...step, effect: `Once writes are allowed again: ${lowerFirst(step.effect)}` }),
          first: 'Allow the writes',
        },
      };
}

/** How AWS says that somebody has no right to something, or to its key. */
const DENIED = /AccessDenied|not authorized|KMS/i;

/** SQS takes the ending of a name for an error unless it is told as well. */
const attributesOf = (queueName: string): string[] =>
  queueName.endsWith('.fifo') ? ['--attributes', 'FifoQueue=true'] : [];

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

const resuming = (schedule: ScheduleFacts): Step => ({
  args: ['resume'],
  effect: `Passes are made again${schedule.kind === 'read' ? `: ${schedule.rate}` : ''}.`,
});

/** Waiting for a pass of the inspector is waiting for somebody to resume it, while it is paused. */
export function waitForPass(
  { until, what, otherwise }: Omit<Extract<Remedy, { kind: 'wait' }>, 'kind'>,
  { inspectorSchedule }: Pick<Environment, 'inspectorSchedule'>,
): Remedy {
  const isPaused = inspectorSchedule.kind === 'read' && !inspectorSchedule.isOn;
  return isPaused
    ? { kind: 'wait', what: `${what}, once the inspector is resumed`, otherwise: resuming(inspectorSchedule) }
    : { kind: 'wait', until, what, otherwise };
}

const saidBy = (schedule: ScheduleFacts): string =>
  schedule.kind === 'read' && schedule.description ? `: ${schedule.description}` : '';

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
