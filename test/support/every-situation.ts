import { expired, HOUR, job, leased, NOW, type Row, segment, task } from './builders.ts';

/** A world in which every row of the verdict table, and every end of a drop, comes up. */
export const everySituation = (): Row[] => [
  // Running: enqueue, wait, release, fail, drop, rest, malformed.
  job({ jobId: 10n, state: 'Executing' }),
  task({ jobId: 10n, taskId: 101n }),
  task({ jobId: 10n, taskId: 102n, ...leased }),
  task({ jobId: 10n, taskId: 103n, ...expired, taskVersion: 5, lostLeases: 2 }),
  task({ jobId: 10n, taskId: 104n, ...expired, taskVersion: 19, lostLeases: 9, targets: [1041n] }),
  task({ jobId: 10n, taskId: 105n, state: 'Failed', targets: [1051n, 1052n, 1053n, 1054n] }),
  task({ jobId: 10n, taskId: 106n, state: 'Completed', targets: [1061n], dueAt: NOW - 1 }),
  task({ jobId: 10n, taskId: 107n, state: 'Paused' as 'Pending', dueAt: NOW - 1 }),
  task({ jobId: 10n, taskId: 108n, state: 'InProgress' }),
  segment(1041n, 'Importing', { jobId: 10n }),
  segment(1051n, 'Growing', { jobId: 10n }),
  segment(1052n, 'Dropped', { jobId: 10n, isImporting: false, droppedAt: NOW - HOUR, dropReason: 'by hand' }),
  segment(1053n, 'Flushed', { jobId: 99n }),
  segment(1061n, 'Flushed', { jobId: 10n }),
  // Failed: everything of it is dropped.
  job({ jobId: 20n, state: 'Failed', reason: 'timeout' }),
  task({ jobId: 20n, taskId: 201n, targets: [2011n] }),
  task({ jobId: 20n, taskId: 202n, ...expired, targets: [2021n] }),
  task({ jobId: 20n, taskId: 203n, state: 'Completed', targets: [2031n, 2032n] }),
  task({ jobId: 20n, taskId: 204n, state: 'Failed', targets: [2041n] }),
  ...[2011n, 2021n, 2031n, 2032n].map((id) => segment(id, 'Flushed', { jobId: 20n })),
  segment(2041n, 'Importing', { jobId: null }),
  // Completed, publishing, missing.
  job({ jobId: 30n, state: 'Completed' }),
  task({ jobId: 30n, taskId: 301n }),
  job({ jobId: 40n, state: 'Publishing' }),
  task({ jobId: 40n, taskId: 401n, enqueueCount: 3 }),
  task({ jobId: 404n, taskId: 501n }),
  task({ jobId: 404n, taskId: 502n, state: 'Failed', targets: [5021n] }),
  segment(5021n, 'Sealed', { jobId: 404n }),
];
