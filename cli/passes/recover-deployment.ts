import type { CheckReport } from '../../functions/checker/report/check-report.ts';
import type { PassReport } from '../../functions/inspector/report/pass-report.ts';
import type { CommandCall } from '../commands/command.ts';
import { deployedChecker, deployedInspector, localChecker, localInspector, type Watch } from './make-pass.ts';
import { eventOf, type PassOptions } from './pass-options.ts';
import { recoverAll } from './recover-all.ts';

type Call = Pick<CommandCall<PassOptions>, 'connection' | 'options' | 'signal' | 'now' | 'actionLog'>;

const isLocal = ({ options, connection }: Call): boolean =>
  options.local === true || options.dryRun === true || connection.isEmbedded;

/** The inspector that a command's options ask for. */
export const inspectorOf = async (call: Call) =>
  isLocal(call) ? localInspector(call) : deployedInspector(call);

/** The checker that a command's options ask for. */
export const checkerOf = async (call: Call) => (isLocal(call) ? localChecker(call) : deployedChecker(call));

/** A recovery of tasks and drops by the inspector, and of the markers of running jobs by the checker. */
export interface DeploymentRecovery {
  readonly report: PassReport;
  readonly passes: number;
  /** Where there is a checker. */
  readonly checks?: CheckReport;
}

export async function recoverDeployment(
  call: Call,
  watch: Watch = {},
  onPass: (soFar: PassReport) => void = () => {},
): Promise<DeploymentRecovery> {
  const makePass = await inspectorOf(call);
  const checks = await recoverMarkers(call, watch);
  const recovery = await recoverAll(makePass, eventOf(call.options), watch, onPass);
  return { ...recovery, ...(checks && { checks }) };
}

/** Running jobs get their markers from the checker; a deployment may have none, or one of somebody else's. */
async function recoverMarkers(call: Call, { onAction }: Watch): Promise<CheckReport | undefined> {
  const { connection, options } = call;
  const isWanted = connection.isEmbedded || (options.local === true && options.jobs !== undefined);
  if (connection.checker.functionName === undefined && !isWanted) return undefined;
  const { maxDrops: _, ...common } = options;
  const makePass = await checkerOf(call);
  return makePass({ mode: 'recover', ...eventOf(common) }, onAction ? { onAction } : {});
}
