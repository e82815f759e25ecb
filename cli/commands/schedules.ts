import { type Command, Option } from 'commander';
import { pausedDescription, pauseNote, resumedDescription } from '../schedule/pause-note.ts';
import { type Switch, type Switched, switchSchedule } from '../schedule/switch-schedule.ts';
import { switchStreams } from '../schedule/switch-streams.ts';
import type { Surroundings } from '../surroundings.ts';
import { hanging, wrapped } from '../terminal/wrapped.ts';
import { UserError } from '../user-error.ts';
import { whoActs } from '../who-acts.ts';
import {
  addCommand,
  type CommandCall,
  type CommandDefinition,
  type CommandEnd,
  EXIT,
  type Exit,
} from './command.ts';

interface ScheduleOptions {
  readonly only?: 'inspector' | 'checker';
  readonly who?: string;
}

const onlyOption = (): Option =>
  new Option('--only <which>', 'one of the two schedules').choices(['inspector', 'checker']);

const pause: CommandDefinition<ScheduleOptions & { readonly reason: string }> = {
  usage: 'pause',
  summary: 'make no passes until they are resumed',
  description:
    'Switches the schedules of inspector and checker off, and the streams that wake\nthem. Notes who did it, when and why in the descriptions of the schedules, where\nstatus shows it. Passes by hand go on.',
  examples:
    "  copy-segment pause --reason 'tables are being restored from a backup'\n" +
    "  copy-segment pause --only inspector --reason 'too many drops'",
  exitCodes: 'Exit codes: 0 paused, 2 usage, 3 AWS.',
  options: [
    new Option('--reason <text>', 'why').makeOptionMandatory(),
    onlyOption(),
    new Option('--who <name>', 'who does it (default: the user of this machine)'),
  ],
  async run(call) {
    const by = { who: whoActs(call.options), reason: call.options.reason, now: call.now() };
    const switched = await switchAll(call, false, ({ isOn, description }) =>
      isOn ? { State: 'DISABLED', Description: pausedDescription(by, description) } : undefined,
    );
    return endOf(
      switched,
      false,
      'is paused already',
      'No passes are made until copy-segment resume: nothing is sent, released or dropped, and no job is published. Workers end what they hold.',
    );
  },
};

const resume: CommandDefinition<ScheduleOptions> = {
  usage: 'resume',
  summary: 'make passes again',
  description: 'Switches the schedules of inspector and checker on again, and the streams that\nwake them.',
  examples: '  copy-segment resume --stack CopySegmentInspector',
  exitCodes: 'Exit codes: 0 on, 2 usage, 3 AWS.',
  options: [onlyOption()],
  async run(call) {
    const switched = await switchAll(call, true, ({ isOn, description }) =>
      isOn ? undefined : { State: 'ENABLED', Description: resumedDescription(description) },
    );
    return endOf(
      switched,
      true,
      'is on already',
      'The next passes come within a minute, and do what has become due.',
    );
  },
};

/** Adds what switches the schedules. */
export function addSchedules(program: Command, surroundings: Surroundings, exit: Exit): void {
  addCommand(program, surroundings, exit, pause);
  addCommand(program, surroundings, exit, resume);
}

interface SwitchedSchedule extends Switched {
  readonly of: 'inspector' | 'checker';
  /** How many of the streams that wake it were switched. */
  readonly streams: number;
}

async function switchAll(
  { connection, options }: CommandCall<ScheduleOptions>,
  isOn: boolean,
  to: (found: { readonly isOn: boolean; readonly description: string }) => Switch | undefined,
): Promise<SwitchedSchedule[]> {
  const named = (['inspector', 'checker'] as const).flatMap((of) => {
    const name = connection[of].scheduleName;
    const isMeant = options.only === undefined || options.only === of;
    return isMeant && name !== undefined ? [{ of, name }] : [];
  });
  if (named.length === 0)
    throw new UserError(
      'Which schedule? Name the stack (--stack NAME), or the schedules (--schedule NAME,\n--checker-schedule NAME).',
    );
  const client = await connection.aws.scheduler();
  const switched: SwitchedSchedule[] = [];
  for (const { of, name } of named) {
    const schedule = await switchSchedule(client, name, to);
    const { functionName } = connection[of];
    const streams =
      functionName === undefined
        ? 0
        : await switchStreams(await connection.aws.lambda(), functionName, { isOn });
    switched.push({ of, ...schedule, streams });
  }
  return switched;
}

const endOf = (
  switched: readonly SwitchedSchedule[],
  isOn: boolean,
  already: string,
  next: string,
): CommandEnd => ({
  code: EXIT.ok,
  json: { schedules: switched, next },
  text: ({ width }) =>
    [
      ...switched.flatMap((schedule) => [...lines(schedule, already, width), ...streamLines(schedule, isOn)]),
      ...(switched.some(({ after, streams }) => after || streams > 0) ? [wrapped(next, width)] : []),
    ].join('\n'),
});

const streamLines = ({ of, streams }: SwitchedSchedule, isOn: boolean): string[] =>
  streams === 0 ? [] : [`${streams} of the streams that wake the ${of} switched ${isOn ? 'on' : 'off'}`];

function lines(
  { of, name, wasOn, description, after }: SwitchedSchedule,
  already: string,
  width: number,
): string[] {
  const note = pauseNote(description);
  if (after === undefined)
    return [
      hanging('', `The schedule of the ${of} ${already}${wasOn || note === '' ? '.' : `: ${note}`}`, width),
    ];
  const stateOf = (isOn: boolean): string => (isOn ? 'on' : 'off');
  return [
    `schedule ${name}, of the ${of}`,
    `  state        ${stateOf(wasOn)} → ${stateOf(after.State === 'ENABLED')}`,
    hanging('  description  ', `${description || 'none'} → ${after.Description || 'none'}`, width),
  ];
}
