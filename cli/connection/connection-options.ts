import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_DUE_SHARDS } from '../../functions/copy-segment/due-index.ts';

/** Where the deployment is, as the command line and the environment say. */
export interface ConnectionOptions {
  readonly stack?: string;
  readonly jobsTable?: string;
  readonly tasksTable?: string;
  readonly segmentsTable?: string;
  readonly queueUrl?: string;
  readonly shards?: number;
  readonly inspectorFunction?: string;
  readonly checkerFunction?: string;
  readonly schedule?: string;
  readonly checkerSchedule?: string;
  readonly logGroup?: string;
  readonly checkerLogGroup?: string;
  readonly profile?: string;
  readonly region?: string;
  /** `true`: with the sample. */
  readonly embedded?: string | true;
}

/** What a stack's outputs say otherwise. */
const PARTS: readonly (readonly [flags: string, description: string])[] = [
  ['--jobs-table <name>', 'table of jobs'],
  ['--tasks-table <name>', 'table of tasks'],
  ['--segments-table <name>', 'table of segments'],
  ['--queue-url <url>', 'queue that workers take tasks from'],
  ['--inspector-function <name>', 'function of the inspector'],
  ['--checker-function <name>', 'function of the checker'],
  ['--schedule <name>', 'schedule of the inspector'],
  ['--checker-schedule <name>', 'schedule of the checker'],
  ['--log-group <name>', 'log of the inspector'],
  ['--checker-log-group <name>', 'log of the checker'],
];

const HELP = `
Without a stack: --jobs-table --tasks-table --segments-table --queue-url
--shards --inspector-function --checker-function --schedule
--checker-schedule --log-group --checker-log-group. Any of these, and --stack,
may come from the environment: COPY_SEGMENT_STACK, COPY_SEGMENT_JOBS_TABLE, …
Credentials and endpoints are the SDK's own: AWS_PROFILE, AWS_ENDPOINT_URL, …`;

/** Adds the options by which every command finds its deployment. */
export function addConnectionOptions(command: Command): Command {
  const fromEnvironment = (flags: string, description: string): Option => {
    const option = new Option(flags, description);
    return option.env(`COPY_SEGMENT_${option.name().replaceAll('-', '_').toUpperCase()}`);
  };
  command.addOption(fromEnvironment('--stack <name>', 'the deployed stack'));
  for (const [flags, description] of PARTS) command.addOption(fromEnvironment(flags, description).hideHelp());
  return command
    .addOption(
      fromEnvironment(
        '--shards <count>',
        `partitions of the due index, as deployed (default: ${DEFAULT_DUE_SHARDS})`,
      )
        .argParser(parseShards)
        .hideHelp(),
    )
    .option('--profile <name>', 'profile of the AWS configuration')
    .option('--region <name>', 'AWS region')
    .option('--embedded [file]', 'engines on this machine, with a restore: the sample, or a file of yours')
    .addHelpText('after', HELP);
}

/** @throws InvalidArgumentError for anything but a whole number above 0 */
export function parseShards(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}

/** The options of a command that name its deployment, as they were typed; those of the environment hold for any other. */
export function typedOptions(command: Command): string[] {
  const names = [
    ...PARTS.map(([flags]) => flags),
    '--stack',
    '--shards',
    '--profile',
    '--region',
    '--embedded',
  ];
  return names.flatMap((flags) => {
    const flag = flags.split(' ')[0] as string;
    const option = command.options.find(({ long }) => long === flag);
    const key = option?.attributeName() ?? '';
    if (command.getOptionValueSource(key) !== 'cli') return [];
    const value: unknown = command.getOptionValue(key);
    return value === true ? [flag] : [flag, String(value)];
  });
}
