import { ALARM_HEADINGS, type AlarmHeading } from '../../functions/pass/alarm-headings.ts';
import { HOUR, job, leased, MINUTE, NOW, segment, task } from './builders.ts';
import { done, submitted } from './checker-world.ts';
import { CHECK, type Deployment, line, PASS } from './deployed-stack.ts';

const DAY = 24 * HOUR;
const STACK = 'CopySegmentInspector';
const JOB = 455338912774914050n;
const mine = { jobId: JOB };

/** A deployment in which an alarm is on, and what somebody types who is woken by it. */
export interface AlarmSituation {
  readonly typed: string;
  readonly deployment: Deployment;
}

const withAlarm = (heading: AlarmHeading, since: number, deployment: Omit<Deployment, 'cloudWatch'>) => ({
  stack: STACK,
  ...deployment,
  cloudWatch: {
    data: [
      { queue: 'tasks', metric: 'NumberOfMessagesReceived', at: NOW - 10 * MINUTE, value: 12 },
      { queue: 'tasks', metric: 'NumberOfMessagesDeleted', at: NOW - 9 * MINUTE, value: 12 },
    ],
    alarms: ALARM_HEADINGS.map((name) => ({
      AlarmName: `${STACK}: ${name}`,
      StateValue: name === heading ? ('ALARM' as const) : ('OK' as const),
      ...(name === heading && { since: NOW - since }),
    })),
  },
});

/** A restore of which a task is copied, one is being copied, and one is due. */
const restore = (dueFor: number, totalTasks = 3) => [
  submitted(totalTasks, totalTasks, { ...mine, dueAt: NOW + HOUR, completedTasks: 1, completedSegments: 1 }),
  done(1n, [11n], mine),
  task({ ...mine, taskId: 2n, ...leased, targets: [12n] }),
  task({ ...mine, taskId: 3n, dueAt: NOW - dueFor, targets: [13n] }),
  ...[11n, 12n, 13n].map((id) => segment(id, 'Importing', mine)),
];

const STATUS = `status --stack ${STACK}`;
const pausedBy = (who: string, why: string) => ({
  State: 'DISABLED',
  Description: `paused by ${who}, ${new Date(NOW - 40 * MINUTE).toISOString().slice(0, 16)}Z: ${why}`,
});

export const ALARM_SITUATIONS: Readonly<Record<AlarmHeading, AlarmSituation>> = {
  'No passes': {
    typed: STATUS,
    deployment: withAlarm('No passes', 33 * MINUTE, {
      rows: restore(35 * MINUTE),
      lines: [CHECK],
      schedules: { passes: pausedBy('ann', 'moving tables'), checks: {} },
    }),
  },
  'Passes fail': {
    typed: STATUS,
    deployment: withAlarm('Passes fail', 4 * MINUTE, {
      rows: restore(6 * MINUTE),
      lines: [line('inspection pass failed', 40_000, { problems: [{}] }), CHECK],
      queues: { tasks: 0, 'dead-tasks': 0, 'failed-passes': 6, 'failed-checks': 0 },
    }),
  },
  'Passes are cut short': {
    typed: STATUS,
    deployment: withAlarm('Passes are cut short', 2 * MINUTE, {
      rows: [
        submitted(60, 60, { ...mine, dueAt: NOW + HOUR }),
        ...Array.from({ length: 60 }, (_, n) =>
          task({ ...mine, taskId: BigInt(n + 1), dueAt: NOW - 17 * MINUTE, targets: [BigInt(n + 11)] }),
        ),
      ],
      lines: [line('inspection pass', 40_000, { complete: false, cutShort: true }), CHECK],
    }),
  },
  'Work is overdue': {
    typed: `explain ${JOB} --stack ${STACK}`,
    deployment: withAlarm('Work is overdue', 10 * MINUTE, {
      rows: restore(50 * MINUTE),
      lines: [
        line('inspection pass', 40_000, {
          complete: false,
          problems: [
            {
              kind: 'failed',
              key: { jobId: String(JOB), taskId: '3' },
              reason: 'not sent: KMS.DisabledException: the key of the queue is disabled',
            },
          ],
        }),
        CHECK,
      ],
    }),
  },
  'Drops are withheld': {
    typed: `explain ${JOB} --stack ${STACK}`,
    deployment: withAlarm('Drops are withheld', MINUTE, {
      rows: [
        job({
          ...mine,
          state: 'Failed',
          reason: '1/3 tasks failed: no space left on device',
          completedAt: NOW - 2 * MINUTE,
          dueAt: NOW + 13 * MINUTE,
        }),
        ...[1n, 2n, 3n].map((taskId) =>
          task({ ...mine, taskId, state: 'Completed', dueAt: null, targets: [10n + taskId] }),
        ),
        ...[11n, 12n, 13n].map((id) => segment(id, id === 11n ? 'Dropped' : 'Importing', mine)),
      ],
    }),
  },
  'Drops fail': {
    typed: `explain ${JOB} --stack ${STACK}`,
    deployment: withAlarm('Drops fail', 15 * MINUTE, {
      rows: [
        job({ ...mine, state: 'Failed', completedAt: NOW - 20 * MINUTE, dueAt: NOW - 18 * MINUTE }),
        task({ ...mine, taskId: 1n, state: 'Completed', dueAt: null, targets: [11n, 12n] }),
        ...[11n, 12n].map((id) => segment(id, 'Flushed', mine)),
      ],
      lines: [
        line('inspection pass', 40_000, {
          complete: false,
          problems: [
            {
              kind: 'failed',
              key: { jobId: String(JOB), taskId: '1', segmentId: '11' },
              reason: 'AccessDeniedException: not authorized to perform dynamodb:PartiQLUpdate',
            },
          ],
        }),
        CHECK,
      ],
    }),
  },
  'A job stays unsettled': {
    typed: `explain ${JOB} --stack ${STACK}`,
    deployment: withAlarm('A job stays unsettled', 2 * HOUR, {
      rows: [
        job({
          ...mine,
          state: 'Failed',
          reason: 'timeout',
          completedAt: NOW - DAY - 2 * HOUR,
          dueAt: NOW + 4 * HOUR,
          dropAttempts: 7,
          droppedPastTaskId: 2n,
          undroppedTaskIds: [2n],
        }),
        task({ ...mine, taskId: 1n, state: 'Completed', dueAt: null, targets: [11n] }),
        task({
          ...mine,
          taskId: 2n,
          state: 'Completed',
          dueAt: null,
          idMappings: [{ sourceSegmentId: 1n, targetSegmentId: 'abc', partitionId: 1n }],
        }),
        segment(11n, 'Dropped', mine),
      ],
    }),
  },
  'No checks': {
    typed: STATUS,
    deployment: withAlarm('No checks', 33 * MINUTE, {
      rows: [
        submitted(1, 1, { ...mine, dueAt: NOW - 35 * MINUTE, completedTasks: 1, completedSegments: 1 }),
        done(1n, [11n], mine),
        segment(11n, 'Importing', mine),
      ],
      lines: [PASS],
      schedules: { passes: {}, checks: pausedBy('bob', 'restoring by hand') },
    }),
  },
  'Checks fail': {
    typed: STATUS,
    deployment: withAlarm('Checks fail', 4 * MINUTE, {
      rows: [
        submitted(1, 1, { ...mine, dueAt: NOW - 6 * MINUTE, completedTasks: 1, completedSegments: 1 }),
        done(1n, [11n], mine),
        segment(11n, 'Importing', mine),
      ],
      lines: [PASS, line('check failed', 40_000, { problems: [{}] })],
      queues: { tasks: 0, 'dead-tasks': 0, 'failed-passes': 0, 'failed-checks': 6 },
    }),
  },
  'Dead letters': {
    typed: STATUS,
    deployment: withAlarm('Dead letters', 8 * MINUTE, {
      rows: restore(0).with(
        3,
        task({ ...mine, taskId: 3n, enqueueCount: 1, dueAt: NOW + 9 * MINUTE, targets: [13n] }),
      ),
      queues: { tasks: 0, 'dead-tasks': 2, 'failed-passes': 0, 'failed-checks': 0 },
    }),
  },
};
