import type { Command } from 'commander';
import { agreeToDrops } from '../passes/agree-to-drops.ts';
import { countTasks, MIN_TASKS } from '../passes/count-tasks.ts';
import { nextPass } from '../passes/next-pass.ts';
import { assertTablesExist, endOf, isFine, told } from '../passes/pass-end.ts';
import { dropOptions, eventOf, type PassOptions, passOptions } from '../passes/pass-options.ts';
import type { PlannedAction } from '../passes/planned-actions.ts';
import { checkerOf, inspectorOf, recoverDeployment } from '../passes/recover-deployment.ts';
import { refuseUnknownJobs } from '../passes/refuse-unknown-jobs.ts';
import { reportLines } from '../passes/report-text.ts';
import type { Surroundings } from '../surroundings.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { addCommand, type CommandDefinition, EXIT, type Exit } from './command.ts';

const EXIT_CODES =
  'Exit codes: 0 complete, and nothing was wrong; 1 not complete, or with problems;\n2 usage; 3 AWS.';
const DRY_RUN = '\nA dry run is made in this process, and needs no more than the right to read.';
const ASKS = '\nIf it would drop segments, it shows which, and asks; in a script it wants --yes.';
const WITHHELD = 'Drops were withheld. If they are right, recover --max-drops COUNT lets as many through.';

const inspect: CommandDefinition<PassOptions> = {
  usage: 'inspect',
  summary: 'make an inspection pass now',
  description: `Makes one inspection pass, as the schedule does every minute.${ASKS}${DRY_RUN}`,
  examples:
    '  copy-segment inspect --stack CopySegmentInspector\n' +
    '  copy-segment inspect --dry-run --jobs 449999999999999991\n' +
    '      what the next inspection will do about a job, and why',
  exitCodes: EXIT_CODES,
  options: [...passOptions(), ...dropOptions()],
  run: (call) =>
    told(async () => {
      const makePass = await inspectorOf(call);
      const refusal = (await refuseUnknownJobs(call)) ?? (await agreeToDrops(call, 'inspect'));
      if (refusal) return refusal;
      const actions: PlannedAction[] = [];
      const report = await makePass({ mode: 'inspect', ...eventOf(call.options) }, watchOf(actions));
      await assertTablesExist(call, report);
      return endOf(call, 'Inspection', report, actions, await nextPass(call.connection, 'inspector'));
    }),
};

const check: CommandDefinition<PassOptions> = {
  usage: 'check',
  summary: 'make a check of the jobs now',
  description: `Makes one check of the jobs, as the schedule does every minute.${DRY_RUN}`,
  examples: '  copy-segment check --stack CopySegmentInspector\n  copy-segment check --dry-run',
  exitCodes: EXIT_CODES,
  options: passOptions(),
  run: (call) =>
    told(async () => {
      const makePass = await checkerOf(call);
      const refusal = await refuseUnknownJobs(call);
      if (refusal) return refusal;
      const actions: PlannedAction[] = [];
      const report = await makePass({ mode: 'check', ...eventOf(call.options) }, watchOf(actions));
      await assertTablesExist(call, report);
      return endOf(call, 'Check', report, actions, await nextPass(call.connection, 'checker'));
    }),
};

const recover: CommandDefinition<PassOptions> = {
  usage: 'recover',
  summary: 'send, release, drop and mend what no inspection finds',
  description:
    'Walks every job and every task, due or not: sends all that are unfinished,\n' +
    'releases expired leases, drops what failed, mends markers. Safe at any time.\n' +
    `A recovery that runs out of time is continued until it is complete.${ASKS}${DRY_RUN}`,
  examples:
    '  copy-segment recover --stack CopySegmentInspector\n' +
    '  copy-segment recover --dry-run --jobs 449999999999999991\n' +
    '  copy-segment recover --max-drops 50000\n' +
    '      lets drops through that a pass withheld',
  exitCodes: EXIT_CODES,
  options: [...passOptions(), ...dropOptions()],
  run: (call) =>
    told(async () => {
      await inspectorOf(call);
      const refusal = (await refuseUnknownJobs(call)) ?? (await agreeToDrops(call, 'recover'));
      if (refusal) return refusal;
      const actions: PlannedAction[] = [];
      const progress = progressBar(
        'Recovering',
        await countTasks(call),
        call.options.json !== true,
        MIN_TASKS,
      );
      let tasks = 0;
      const { report, passes, checks } = await recoverDeployment(
        call,
        { ...watchOf(actions), onTask: () => progress.reached(++tasks) },
        ({ read }) => progress.reached(read.tasks),
      ).finally(progress.end);
      await assertTablesExist(call, report);
      const next =
        report.segments.withheld > 0
          ? WITHHELD
          : report.complete
            ? `Every job was looked at. ${await nextPass(call.connection, 'inspector')}`
            : `It got no further: the problems say why. ${await nextPass(call.connection, 'inspector')}`;
      const end = endOf(
        call,
        passes === 1 ? 'Recovery' : `Recovery in ${passes} passes`,
        report,
        actions,
        next,
      );
      return {
        code: checks && !isFine(checks) ? EXIT.wrong : end.code,
        json: { ...end.json, passes, ...(checks && { checks }) },
        text: (screen) =>
          [...(checks ? reportLines('Markers of running jobs', checks, screen) : []), end.text(screen)].join(
            '\n',
          ),
      };
    }),
};

/** Adds the passes that a schedule makes, by hand. */
export function addPasses(program: Command, surroundings: Surroundings, exit: Exit): void {
  addCommand(program, surroundings, exit, inspect);
  addCommand(program, surroundings, exit, check);
  addCommand(program, surroundings, exit, recover);
}

const watchOf = (actions: PlannedAction[]) => ({
  onAction: (action: PlannedAction) => void actions.push(action),
});
