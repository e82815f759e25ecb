import { type CommandCall, type CommandEnd, EXIT, isConfirmed } from '../commands/command.ts';
import { countOf } from '../terminal/count-of.ts';
import { localInspector } from './make-pass.ts';
import { eventOf, type PassOptions } from './pass-options.ts';

/**
 * A limit of drops that somebody names lets through what a pass withheld: how much that is, is shown first.
 *
 * @returns how the command ends if nobody agrees; undefined: go on
 */
export async function agreeToDrops(
  call: CommandCall<PassOptions>,
  mode: 'inspect' | 'recover',
): Promise<CommandEnd | undefined> {
  const { options, out } = call;
  if (options.maxDrops === undefined || options.dryRun) return undefined;
  const { segments } = await localInspector(call)({ mode, ...eventOf(options), dryRun: true });
  if (options.json !== true) await out.write(`It would drop ${countOf(segments.dropped, 'segment')}.\n`);
  if (await isConfirmed('Go on?', call)) return undefined;
  const isAsked = call.confirm !== undefined;
  return {
    code: isAsked ? EXIT.wrong : EXIT.usage,
    json: { outcome: 'notConfirmed', wouldDrop: segments.dropped },
    text: () =>
      isAsked ? 'Nothing was changed.' : 'Nothing was changed: where nobody can be asked, add --yes.',
  };
}
