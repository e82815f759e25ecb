import { timeText } from '../operate/time-text.ts';
import type { Remedy, Step } from './explanation.ts';
import type { Environment } from './facts.ts';
import { doing, type Obstacle, obstacleTo, passOrWait, passOver, waitForPass } from './remedy.ts';
import type { TaskCondition } from './task-condition.ts';

/** What a remedy needs to know of a task, besides its condition. */
export interface TaskInQuestion {
  readonly jobId: bigint | string;
  readonly taskId: bigint | string;
  readonly jobState?: string | undefined;
  /** How many targets it has, as far as they can be read. */
  readonly targets?: number | undefined;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly dueAt?: number | undefined;
  readonly leaseExpiresAt?: number | undefined;
}

export interface Treatment {
  readonly obstacle?: Obstacle | undefined;
  readonly remedy: Remedy;
}

/** What mends the condition of a task, and what stands in the way of the passes that would. */
export function treatTask(
  { kind, because }: TaskCondition,
  task: TaskInQuestion,
  environment: Environment,
): Treatment {
  const { jobId, taskId, dueAt } = task;
  const key = `${jobId}/${taskId}`;
  const inspection = (effect: string): Step => ({ args: passOver('inspect', jobId, environment), effect });
  const byPass = (effect: string, sends: boolean): Treatment => {
    const step = inspection(effect);
    const obstacle = obstacleTo(step, 'inspect', sends, environment);
    return {
      obstacle,
      remedy: obstacle?.remedy ?? passOrWait(step, environment.inspectorSchedule, task),
    };
  };
  const requeue: Step = { args: ['requeue', key], effect: 'Makes it due now.' };
  const nothing = (why: string): Treatment => ({ remedy: { kind: 'nothing', why } });

  switch (kind) {
    case 'neverSent':
      return byPass('Sends it to the queue.', true);
    case 'overdue':
      return byPass('Sends it once more.', true);
    case 'leaseLost':
      return byPass('Takes the lease back and sends the task again, or fails it for good.', true);
    case 'toDrop':
    case 'halfDropped':
    case 'droppedWithJob':
      return byPass('Drops the targets that are left, and settles it.', false);
    case 'jobOver':
      return dueAt === undefined
        ? nothing('Its job is over, and nobody looks at it any more.')
        : byPass('Takes it out of the index.', false);
    case 'inQueue':
    case 'messageLost':
      return inQueue(kind, task, inspection('Sends it again.'), environment);
    case 'backingOff':
      return {
        remedy: waitForPass(
          {
            until: dueAt,
            what: 'then the next pass sends it',
            otherwise: { args: ['requeue', key], effect: 'makes it due now' },
          },
          environment,
        ),
      };
    case 'leaseRunning':
      return {
        remedy: {
          kind: 'wait',
          until: task.leaseExpiresAt,
          what: 'its worker renews the lease, or ends the task, before that',
          otherwise: { args: ['release', key], effect: 'if the worker is known to be dead' },
        },
      };
    case 'noLease':
      return {
        remedy: doing(
          {
            args: ['release', key, '--without-lease'],
            effect: 'Takes it from its worker, if there still is one: Pending again.',
          },
          inspection('Sends it.'),
        ),
      };
    case 'missingMarker':
    case 'wrongShard':
    case 'markerTooFar':
      return {
        remedy: doing({
          args: passOver('recover', jobId, environment),
          effect: 'Mends the marker, and does what is due.',
        }),
      };
    case 'foreign':
    case 'targetLost':
      return {
        remedy:
          task.jobState === 'Publishing'
            ? doing({ args: passOver('check', jobId, environment), effect: 'Fails the job, for good.' })
            : doing({
                args: ['cancel', String(jobId)],
                effect: 'Fails the job: it can never be published. Submit a new one with new targets.',
              }),
      };
    case 'orphan':
      return {
        remedy: {
          kind: 'do',
          steps: [
            {
              args: ['fail', key, '--reason', 'its job is missing'],
              effect: 'Gives it up: what it may have copied is not to stay.',
            },
            inspection('Drops its targets, and settles it.'),
          ],
          otherwise: { args: ['forget', key], effect: 'leaves its targets as they are' },
        },
      };
    case 'contradiction':
      return {
        remedy: doing({
          args: ['forget', key],
          effect: 'Takes it out of the index; its segments stay, as its job published them.',
        }),
      };
    case 'malformed':
      return {
        remedy: isOver(task.jobState)
          ? doing({
              args: ['forget', key],
              effect: 'Takes it out of the index: its job is over. Or mend the item.',
            })
          : doing({
              args: ['fail', key, '--reason', 'cannot be read'],
              effect: 'Fails it: its targets are dropped, and its job fails. Or mend the item.',
            }),
      };
    case 'dropPostponed':
      return {
        remedy: {
          ...doing(requeue, inspection('Drops what is left, and settles it.')),
          first: `Mend what keeps it from being dropped: ${because}`,
        },
      };
    case 'undropped':
      return {
        remedy: {
          ...doing({
            args: passOver('recover', jobId, environment),
            effect: 'Drops what is left, and settles the job.',
          }),
          first: `Mend task ${key}, or delete it if its targets are gone: ${because}`,
        },
      };
    case 'withheld': {
      const maxDrops = String(Math.max(1, task.targets ?? 1));
      return {
        remedy: doing(
          { ...requeue, effect: 'Makes it due now. First be sure that it failed for a good reason.' },
          {
            args: [...passOver('inspect', jobId, environment), '--max-drops', maxDrops],
            effect: `Lets its drops through.${leftAlone(dueAt)}`,
          },
        ),
      };
    }
    case 'leftVisible':
      return { remedy: doing(requeue, inspection('Drops the targets that are left.')) };
    case 'completed':
      return nothing('It is done; its job makes its segments visible.');
    case 'settled':
      return nothing('It failed, and every target of it is dropped.');
    case 'forgotten':
      return nothing('Nobody looks at it, until a recovery gives it a marker.');
  }
}

/** When a pass goes on with what was withheld. */
export const leftAlone = (dueAt: number | undefined): string =>
  dueAt === undefined ? '' : ` Left alone, a pass drops up to its limit at ${timeText(dueAt)}.`;

function inQueue(
  kind: 'inQueue' | 'messageLost',
  { jobId, taskId, dueAt }: TaskInQuestion,
  inspection: Step,
  environment: Environment,
): Treatment {
  const requeue: Step = {
    args: ['requeue', `${jobId}/${taskId}`],
    effect: 'Makes it due now.',
  };
  const obstacle = obstacleTo(inspection, 'inspect', true, environment);
  if (obstacle?.kind === 'queueMissing' && obstacle.remedy.kind === 'do') {
    const [create] = obstacle.remedy.steps;
    return { obstacle, remedy: doing(...(create ? [create] : []), requeue, inspection) };
  }
  return {
    remedy:
      kind === 'messageLost'
        ? doing(requeue, inspection)
        : waitForPass(
            {
              until: dueAt,
              what: 'a worker takes it, or the next pass sends it once more',
              otherwise: { ...requeue, effect: 'sends it once more with the next pass' },
            },
            environment,
          ),
  };
}

const isOver = (jobState: string | undefined): boolean =>
  jobState === undefined || jobState === 'Completed' || jobState === 'Failed';
