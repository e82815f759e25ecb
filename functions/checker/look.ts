import { type CheckedJob, toCheckedJob } from '../copy-segment/checked-job.ts';
import { jobStarted } from '../copy-segment/checker-job-changes.ts';
import { describeError } from '../copy-segment/describe-error.ts';
import { isJob, isRunning } from '../copy-segment/job.ts';
import { jobRested } from '../copy-segment/job-changes.ts';
import { readAhead } from '../streams/read-ahead.ts';
import { changeJob, failJob, writeJob } from './act/change-job.ts';
import { publish, unpublished } from './act/publish.ts';
import { wait } from './act/wait.ts';
import type { CheckPass } from './check-pass.ts';
import { createSurvey, type Survey } from './survey.ts';
import { type CheckVerdict, type CheckVerdictKind, verdictOn } from './verdict.ts';

/** Carries out the verdict on a job. @returns false if the time ran short */
type Lane = (pass: CheckPass, job: CheckedJob, tasks: Survey, verdict: CheckVerdict) => Promise<boolean>;

/** Section 11 of the contract: who carries out which verdict. A verdict without a lane does not compile. */
const LANES: Readonly<Record<CheckVerdictKind, Lane>> = {
  async fail(pass, job, _, verdict) {
    if (verdict.kind === 'fail') await failJob(pass, job, verdict.reason);
    return true;
  },
  async start(pass, job, tasks) {
    const started = await changeJob(pass, job, jobStarted(job, pass.now(), pass.shards), 'started');
    const executing = started ?? (await startedMeanwhile(pass, job));
    return executing === undefined || judge(pass, executing, tasks);
  },
  publish,
  publishOn: publish,
  async wait(pass, job, tasks) {
    await wait(pass, job, tasks);
    return true;
  },
  async leave(pass, job) {
    await writeJob(pass, job, jobRested(job, 'the job is Completed'), 'left');
    return true;
  },
  async untouched() {
    return true;
  },
};

/**
 * Looks at one job: reads its tasks once, judges, and carries the verdict out.
 *
 * @param job strongly consistent
 * @returns false if the time ran short
 */
export async function look(pass: CheckPass, job: CheckedJob): Promise<boolean> {
  const tasks = isRunning(job) ? await surveyOf(pass, job) : createSurvey().end();
  if (tasks === 'cutShort') return false;
  if (typeof tasks === 'object') return judge(pass, job, tasks);
  return true;
}

/** Its submit was faster: nobody looks at the job because of that, so this look goes on. */
async function startedMeanwhile(
  { jobs }: Pick<CheckPass, 'jobs'>,
  { jobId }: CheckedJob,
): Promise<CheckedJob | undefined> {
  const job = (await jobs.read([jobId])).get(jobId);
  return job !== undefined && isJob(job) && job.state === 'Executing' ? toCheckedJob(job) : undefined;
}

async function judge(pass: CheckPass, job: CheckedJob, tasks: Survey): Promise<boolean> {
  const { jobId } = job;
  const verdict = verdictOn(job, tasks, pass.now());
  pass.tally.verdicts[verdict.kind]++;
  pass.onVerdict({ jobId, kind: verdict.kind, because: verdict.because });
  if (verdict.malformed !== undefined) {
    pass.tally.verdicts.malformed++;
    pass.tally.problem({ key: { jobId: String(jobId) }, kind: 'malformed', reason: verdict.malformed });
  }
  return LANES[verdict.kind](pass, job, tasks, verdict);
}

/** What the tasks of a job come to. A partition that cannot be read ends this look only: the job stays due. */
async function surveyOf(pass: CheckPass, job: CheckedJob): Promise<Survey | 'cutShort' | 'unread'> {
  const survey = createSurvey();
  try {
    for await (const page of readAhead(pass.tasks.ofJob(job.jobId))) {
      if (pass.time.isOver()) return 'cutShort';
      pass.tally.read.tasks += page.length;
      for (const sighting of page) survey.add(sighting);
    }
  } catch (error) {
    if (pass.time.wasCutOff()) return 'cutShort';
    const reason = `its tasks could not be read: ${describeError(error)}`;
    if (job.state === 'Publishing') await unpublished(pass, job, reason);
    else {
      pass.tally.jobs.failed++;
      pass.tally.problem({ key: { jobId: String(job.jobId) }, kind: 'failed', reason });
    }
    return 'unread';
  }
  return survey.end();
}
