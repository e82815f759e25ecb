import { type Command, Option } from 'commander';
import { circumstancesOf, type OperateOptions, operate, readsOf } from '../operate/operate.ts';
import { parseJob, parseTask } from '../operate/parse-key.ts';
import { planCancel } from '../operate/plan-cancel.ts';
import { planFail } from '../operate/plan-fail.ts';
import { planForgetJob, planForgetTask } from '../operate/plan-forget.ts';
import { planRelease } from '../operate/plan-release.ts';
import { planRequeue } from '../operate/plan-requeue.ts';
import { findJob, findTask } from '../operate/situation.ts';
import type { Surroundings } from '../surroundings.ts';
import { whoActs } from '../who-acts.ts';
import { addCommand, type CommandDefinition, type Exit, yesOption } from './command.ts';

const whoOption = (): Option => new Option('--who <name>', 'who does it (default: the user of this machine)');

const EXIT_CODES =
  'Exit codes: 0 done, or nothing to do; 1 not done: not agreed to, not possible,\nor somebody was quicker; 2 usage, or --yes is missing in a script; 3 AWS.';

const cancel: CommandDefinition<OperateOptions> = {
  usage: 'cancel <job>',
  summary: 'give up a restore',
  description:
    'Fails a job that is not published yet: workers stop, and all of its targets are\ndropped. This is final.',
  examples: '  copy-segment cancel 449999999999999991 --stack CopySegmentInspector',
  exitCodes: EXIT_CODES,
  options: [whoOption(), yesOption()],
  async run(call) {
    const jobId = parseJob(call.args[0] as string);
    const plan = planCancel(
      await findJob(readsOf(call), jobId, circumstancesOf(call)),
      whoActs(call.options),
    );
    return operate(call, plan, { question: `Cancel job ${jobId}`, done: `Job ${jobId} is cancelled` });
  },
};

const release: CommandDefinition<OperateOptions & { readonly withoutLease?: true }> = {
  usage: 'release <job/task>',
  summary: 'take a task away from its worker',
  description:
    'Takes the lease of a task away: the next inspection hands it to another worker.\n' +
    'A lease that runs out is released without this.',
  examples:
    '  copy-segment release 449999999999999991/12\n' +
    '  copy-segment release 449999999999999991/12 --without-lease\n' +
    '      it has no lease that could run out, and its worker is known to be gone',
  exitCodes: EXIT_CODES,
  options: [new Option('--without-lease', 'also a task that has no lease'), whoOption(), yesOption()],
  async run(call) {
    const key = parseTask(call.args[0] as string);
    const withoutLease = call.options.withoutLease === true;
    const plan = planRelease(await findTask(readsOf(call), key, circumstancesOf(call)), { withoutLease });
    const name = `${key.jobId}/${key.taskId}`;
    return operate(call, plan, { question: `Release task ${name}`, done: `Task ${name} is released` });
  },
};

const requeue: CommandDefinition<OperateOptions> = {
  usage: 'requeue <job/task>',
  summary: 'have the next inspection look at a task',
  description:
    'Makes a task due now, whatever its marker said: the next inspection sends it, or\ndrops its targets if it failed, or its job did.',
  examples: '  copy-segment requeue 449999999999999991/12',
  exitCodes: EXIT_CODES,
  options: [whoOption(), yesOption()],
  async run(call) {
    const key = parseTask(call.args[0] as string);
    const plan = planRequeue(await findTask(readsOf(call), key, circumstancesOf(call)));
    const name = `${key.jobId}/${key.taskId}`;
    return operate(call, plan, { question: `Requeue task ${name}`, done: `Task ${name} is due now` });
  },
};

const fail: CommandDefinition<OperateOptions & { readonly reason: string }> = {
  usage: 'fail <job/task>',
  summary: 'fail a task, and with it its job',
  description: 'Fails a task that can never end: its targets are dropped, and its job fails.\nThis is final.',
  examples: "  copy-segment fail 449999999999999991/12 --reason 'the snapshot lost a file'",
  exitCodes: EXIT_CODES,
  options: [
    new Option('--reason <text>', 'why; it is kept on the task').makeOptionMandatory(),
    whoOption(),
    yesOption(),
  ],
  async run(call) {
    const key = parseTask(call.args[0] as string);
    const by = { who: whoActs(call.options), reason: call.options.reason };
    const plan = planFail(await findTask(readsOf(call), key, circumstancesOf(call)), by);
    const name = `${key.jobId}/${key.taskId}`;
    return operate(call, plan, { question: `Fail task ${name}`, done: `Task ${name} is Failed` });
  },
};

const forget: CommandDefinition<OperateOptions> = {
  usage: 'forget <job[/task]>',
  summary: 'take a task, or a job and its tasks, out of the index',
  description:
    'Takes a task, or a job and every task of it, out of the due index: no inspection\nreports it again. Nothing else is changed; a recovery looks at it all the same.',
  examples: '  copy-segment forget 449999999999999991/12\n  copy-segment forget 449999999999999991',
  exitCodes: EXIT_CODES,
  options: [whoOption(), yesOption()],
  async run(call) {
    const reads = readsOf(call);
    const what = call.args[0] as string;
    if (what.includes('/')) {
      const key = parseTask(what);
      const plan = planForgetTask(await findTask(reads, key, circumstancesOf(call)));
      return operate(call, plan, {
        question: `Forget task ${what}`,
        done: `Task ${what} is out of the index`,
      });
    }
    const situation = await findJob(reads, parseJob(what), circumstancesOf(call));
    return operate(call, await planForgetJob(situation, reads.tasks), {
      question: `Forget job ${what} and its tasks`,
      done: `Job ${what} and its tasks are out of the index`,
    });
  },
};

/** Adds what an operator does to one job, or to one task. */
export function addOperations(program: Command, surroundings: Surroundings, exit: Exit): void {
  addCommand(program, surroundings, exit, cancel);
  addCommand(program, surroundings, exit, release);
  addCommand(program, surroundings, exit, requeue);
  addCommand(program, surroundings, exit, fail);
  addCommand(program, surroundings, exit, forget);
}
