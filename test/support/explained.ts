import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { type CommandSurroundings, commandLine, optionsOf } from './command-in-process.ts';
import { disturbedClients, type World } from './embedded-world.ts';
import { updateItemOf } from './update-item.ts';

interface Step {
  readonly program?: 'aws' | 'npx';
  readonly command: readonly string[];
}

export interface Explained {
  readonly kind: string;
  readonly level: string;
  readonly headline: string;
  readonly lines: readonly (readonly [title: string, text: string])[];
  readonly remedy: {
    kind: string;
    until?: number;
    why?: string;
    first?: string;
    steps?: readonly Step[];
    otherwise?: Step;
  };
  readonly notRead: readonly string[];
}

/** What `explain` says, and with which exit code. */
export async function explain(
  world: World,
  what: string,
  options: readonly string[] = [],
  surroundings: CommandSurroundings = {},
): Promise<Explained & { code: number }> {
  const args = ['explain', what, '--json', ...optionsOf(world), ...options];
  const { code, stdout, stderr } = await commandLine(args, { now: () => world.clock.now, ...surroundings });
  expect(stderr).toBe('');
  return { code, ...JSON.parse(stdout) };
}

/** Executes what stands after DO, as somebody does who agrees to what is shown. */
export async function execute(
  world: World,
  { remedy }: Pick<Explained, 'remedy'>,
  replaced: Record<string, string> = {},
): Promise<void> {
  expect(remedy.kind).toBe('do');
  for (const { command } of remedy.steps ?? []) await type(world, command, replaced);
}

/** Executes the other way, after OR. */
export async function executeOtherwise(world: World, { remedy }: Pick<Explained, 'remedy'>): Promise<void> {
  await type(world, remedy.otherwise?.command ?? []);
}

/** Commands that ask before they change anything. */
const ASKING = new Set(['cancel', 'release', 'requeue', 'fail', 'forget', 'inspect', 'recover']);

async function type(
  world: World,
  command: readonly string[],
  replaced: Record<string, string> = {},
): Promise<void> {
  // Pasting a command does nothing final: it asks.
  expect(command).not.toContain('--yes');
  const [program, ...args] = command.map((word) => replaced[word] ?? word);
  if (program === 'aws') return typeAws(args);
  expect(program).toBe('copy-segment');
  const agreed = ASKING.has(args[0] ?? '') ? [...args, '--yes'] : args;
  const { code, stdout, stderr } = await commandLine(agreed, { now: () => world.clock.now });
  expect({ code: [0, 1].includes(code), stdout, stderr }).toMatchObject({ code: true });
}

/** As the AWS CLI reads it, which is not here. */
async function typeAws(args: readonly string[]): Promise<void> {
  const textOf = (flag: string): string => args[args.indexOf(flag) + 1] ?? '';
  const { dynamo, sqs } = disturbedClients();
  if (args[1] === 'create-queue') {
    const [, name, value] =
      /^(\w+)=(\w+)$/.exec(args.includes('--attributes') ? textOf('--attributes') : '') ?? [];
    await sqs.send(
      new CreateQueueCommand({
        QueueName: textOf('--queue-name'),
        ...(name && value && { Attributes: { [name]: value } }),
      }),
    );
    return;
  }
  await dynamo.send(updateItemOf(args));
}
