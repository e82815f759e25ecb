import { parseId } from '../../functions/copy-segment/ids.ts';
import type { TaskKey } from '../../functions/copy-segment/task.ts';
import { UserError } from '../user-error.ts';

/** @throws UserError for anything but a job id */
export function parseJob(text: string): bigint {
  const jobId = parseId(text);
  if (jobId === undefined) throw new UserError(`"${text}" is no job: a number between 1 and 2^63-1 is.`);
  return jobId;
}

/** @throws UserError for anything but JOB/TASK */
export function parseTask(text: string): TaskKey {
  const [jobId, taskId, ...rest] = text.split('/').map(parseId);
  if (jobId === undefined || taskId === undefined || rest.length > 0)
    throw new UserError(`"${text}" is no task: its job and its own id are, such as 449999999999999991/12.`);
  return { jobId, taskId };
}
