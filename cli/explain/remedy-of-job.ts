import { GRACE_MS, isWorse } from './condition.ts';
import type { Step } from './explanation.ts';
import type { Facts } from './facts.ts';
import type { JobCondition } from './job-condition.ts';
import { doing, obstacleTo, passOrWait, passOver } from './remedy.ts';
import { leftAlone, type Treatment, treatTask } from './remedy-of-task.ts';

/** What is asked of a job, besides its condition. */
export type JobInQuestion = Facts & {
  readonly jobState?: string | undefined;
  readonly dueAt?: number | undefined;
  readonly timeoutAt?: number | undefined;
  /** Why its next check fails it. */
  readonly doom?: string | undefined;
};

/** What mends the condition of the task that holds a job up the most. */
export const treatWorst = (job: JobInQuestion): Treatment | undefined => {
  const { jobId, jobState, now, tally } = job;
  return tally.worst && isWorse(tally.worst.condition.level, 'waiting')
    ? treatTask(tally.worst.condition, { ...tally.worst, jobId, jobState, now }, job)
    : undefined;
};

/** What mends the condition of a job, and what stands in the way of the passes that would. */
export function treatJob(condition: JobCondition, job: JobInQuestion): Treatment {
  const { jobId, dueAt, doom } = job;
  const byPass = (what: 'inspect' | 'check', effect: string): Treatment => {
    const step: Step = { args: passOver(what, jobId, job), effect };
    const obstacle = obstacleTo(step, what, false, job);
    const schedule = what === 'inspect' ? job.inspectorSchedule : job.checkerSchedule;
    return { obstacle, remedy: obstacle?.remedy ?? passOrWait(step, schedule, job) };
  };
  const ofWorst = (): Treatment | undefined => treatWorst(job);
  const cancel = (effect: string): Step => ({ args: ['cancel', String(jobId)], effect });

  switch (condition.kind) {
    case 'missing':
      return (
        ofWorst() ?? {
          remedy: { kind: 'nothing', why: 'There is nothing under this id: is it the right deployment?' },
        }
      );
    case 'malformed':
      if (job.jobState === 'Publishing')
        return {
          remedy: {
            kind: 'wait',
            until: job.timeoutAt,
            what: 'then the checker fails it; or mend what cannot be read',
          },
        };
      return {
        remedy:
          job.jobState === undefined
            ? doing({
                args: ['forget', String(jobId)],
                effect: 'Takes it out of the index, with whatever it is. Or mend the item.',
              })
            : doing(cancel('Fails the job: it can be neither started nor published.')),
      };
    case 'forgotten':
      return { remedy: { kind: 'nothing', why: 'Nobody looks at it, until a recovery gives it a marker.' } };
    case 'completed':
    case 'settled':
      return (
        ofWorst() ?? {
          remedy: {
            kind: 'nothing',
            why:
              condition.kind === 'completed'
                ? 'It is done: its segments are visible.'
                : 'It failed, and was settled: its targets were dropped. To restore, submit a new job.',
          },
        }
      );
    case 'dropping':
      return byPass('inspect', 'Drops every target of every task, and settles the job.');
    case 'dropPostponed':
      return (
        ofWorst() ?? {
          remedy: {
            kind: 'wait',
            until: dueAt,
            what: 'then the next pass tries the drops that are left',
            otherwise: { args: passOver('recover', jobId, job), effect: 'tries them now' },
          },
        }
      );
    case 'withheld': {
      const maxDrops = String(Math.max(1, job.survey.distinctTargets));
      return {
        remedy: {
          ...doing({
            args: [...passOver('recover', jobId, job), '--max-drops', maxDrops],
            effect: `Lets its drops through. First be sure that it failed for a good reason.${leftAlone(dueAt)}`,
          }),
          ...(isOn(job) && {
            otherwise: {
              args: ['pause', '--reason', `drops of job ${jobId} withheld`],
              effect: 'if it did not: nothing is dropped until it is resumed',
            },
          }),
        },
      };
    }
    case 'missingMarker':
    case 'wrongShard':
    case 'markerTooFar':
      return {
        remedy: doing({
          args: passOver('recover', jobId, job),
          effect: 'Mends the marker, and does what is due.',
        }),
      };
    case 'unchecked':
      return byPass('check', 'Looks at the job, as its checker should have.');
    case 'toCheck':
      return byPass('check', 'Does so now.');
    case 'publicationCutShort':
      return byPass('check', 'Publishes on from there.');
    case 'submitting':
      return {
        remedy: {
          kind: 'wait',
          until: (job.submittedAt ?? job.now) + GRACE_MS,
          what: 'if it has written nothing more by then, it was cut off: look again',
        },
      };
    case 'checkPostponed':
      if (doom !== undefined)
        return doomed(condition, job, cancel('Fails the job: its restore is lost anyway.'));
      return ofWorst() ?? { remedy: { kind: 'wait', until: dueAt, what: 'then the next check does so' } };
    case 'unfinishedSubmit':
      return {
        remedy: {
          kind: 'do',
          steps: [
            {
              args: ['submit', 'FILE'],
              effect: 'FILE is the restore that was submitted: it resumes after its highest task.',
            },
          ],
          otherwise: cancel('gives the restore up'),
        },
      };
    case 'waitingForTasks':
      return (
        ofWorst() ?? {
          remedy: {
            kind: 'wait',
            until: job.timeoutAt,
            what: 'its tasks are under way; past its deadline it fails',
            otherwise: cancel('gives the restore up'),
          },
        }
      );
  }
}

/** A job whose marker does not make it due: its checker has to see what happened to it. */
function doomed({ level }: JobCondition, { dueAt }: JobInQuestion, cancel: Step): Treatment {
  return level === 'late'
    ? { remedy: doing(cancel) }
    : {
        remedy: {
          kind: 'wait',
          until: dueAt,
          what: 'then its checker fails it',
          otherwise: { ...cancel, effect: 'fails it now: its restore is lost anyway' },
        },
      };
}

const isOn = ({ inspectorSchedule }: JobInQuestion): boolean =>
  inspectorSchedule.kind === 'read' && inspectorSchedule.isOn;
