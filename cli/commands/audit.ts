import { type Command, Option } from 'commander';
import { audit, type Looked } from '../audit/audit.ts';
import { createAuditReads } from '../audit/audit-reads.ts';
import { auditLines } from '../audit/audit-text.ts';
import { createFindings, type Findings } from '../audit/findings.ts';
import { type FixEnd, fix } from '../audit/fix.ts';
import { countTasks, MIN_TASKS } from '../passes/count-tasks.ts';
import { type PassOptions, passOptions } from '../passes/pass-options.ts';
import { refuseUnknownJobs } from '../passes/refuse-unknown-jobs.ts';
import type { Output, Surroundings } from '../surroundings.ts';
import { countOf } from '../terminal/count-of.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import {
  addCommand,
  type CommandCall,
  type CommandDefinition,
  type CommandEnd,
  EXIT,
  type Exit,
  yesOption,
} from './command.ts';

type AuditOptions = PassOptions & { readonly fix?: true };
type Call = CommandCall<AuditOptions>;

const definition: CommandDefinition<AuditOptions> = {
  usage: 'audit',
  summary: 'look whether everything holds that must hold of the tables',
  description:
    'Reads all tables, and tells what does not hold, by kind, with what mends it.\n' +
    'Writes nothing without --fix. Jobs with violations are read twice: what was just\n' +
    'changing is not told.',
  examples:
    '  copy-segment audit --stack CopySegmentInspector\n' +
    '  copy-segment audit --jobs 449999999999999991\n' +
    '  copy-segment audit --fix\n' +
    '      recovers the jobs that a recovery mends; shows them, and asks first',
  exitCodes: 'Exit codes: 0 everything holds, 1 something does not, 2 usage, 3 AWS.',
  options: [
    ...passOptions().filter(({ long }) => long !== '--dry-run' && long !== '--all'),
    new Option('--all', 'show up to 1,000 violations of each kind, not one screen'),
    new Option('--fix', 'make the mends that a recovery makes, after showing them'),
    yesOption(),
  ],
  async run(call) {
    const { options } = call;
    const refusal = await refuseUnknownJobs(call);
    if (refusal) return refusal;
    const { findings, looked } = await lookAt(call);
    const before = endOf(call, findings, looked);
    const jobIds = findings.jobsToRecover();
    if (options.fix === undefined) return before;
    if (jobIds.length === 0)
      return {
        ...before,
        text: (screen) =>
          [before.text(screen), ...(findings.total() > 0 ? ['', 'A recovery mends none of it.'] : [])].join(
            '\n',
          ),
      };

    if (options.json !== true) await call.out.write(`${before.text(call.out.screen)}\n`);
    const end = await fix(call, jobIds);
    if (end !== 'fixed') return unfixed(end, before, call.out);
    const after = await lookAt(call);
    const left = endOf(call, after.findings, after.looked);
    return {
      code: left.code,
      json: { before: before.json, after: left.json },
      text: (screen) =>
        ['', `After the recovery of ${countOf(jobIds.length, 'job')}:`, left.text(screen)].join('\n'),
    };
  },
};

/** Adds `audit`. */
export const addAudit = (program: Command, surroundings: Surroundings, exit: Exit): void =>
  addCommand(program, surroundings, exit, definition);

async function lookAt(call: Call) {
  const { connection, options, signal, now } = call;
  const { dynamo, tables, shards } = connection;
  const jobIds = options.jobs?.map(BigInt);
  const startedAt = now();
  const findings = createFindings({ tables, now: startedAt }, options.all);
  const looked: Looked = { jobs: 0, tasks: 0, segments: 0 };
  const reads = createAuditReads({ dynamo, signal }, tables);
  const progress = progressBar('Auditing', await countTasks(call), options.json !== true, MIN_TASKS);
  const onProgress = ({ tasks }: Readonly<Looked>): void => {
    signal.throwIfAborted();
    progress.reached(tasks);
  };
  try {
    const circumstances = { now: startedAt, shards, jobIds, onProgress };
    for await (const finding of audit(reads, circumstances, looked)) findings.add(finding);
  } finally {
    progress.end();
  }
  return { findings, looked };
}

const endOf = (call: Call, findings: Findings, looked: Looked): CommandEnd => ({
  code: findings.total() === 0 ? EXIT.ok : EXIT.wrong,
  json: {
    looked,
    violations: findings.total(),
    kinds: findings.kinds(),
    jobsToRecover: findings.jobsToRecover(),
  },
  text: (screen) => auditLines(findings, looked, call, screen).join('\n'),
});

function unfixed(end: Exclude<FixEnd, 'fixed'>, before: CommandEnd, { screen }: Output): CommandEnd {
  const text = 'failed' in end ? end.failed : end.refusal.text(screen);
  return {
    code: 'failed' in end ? EXIT.wrong : end.refusal.code,
    json: { before: before.json, reason: text },
    text: () => text,
  };
}
