import type { Arguments } from './arguments.ts';
import type { Plan } from './plan.ts';

/** What can be asked for beside the workloads. */
export const BUNDLES = 'bundles';

/** What of a plan is measured. */
export interface Selection extends Plan {
  /** Whether bundles are made, weighed and loaded. */
  readonly bundles: boolean;
}

/** Thrown when nothing is left of a plan, or a name is that of nothing; says what there is. */
export class NothingSelectedError extends Error {
  override name = 'NothingSelectedError';
}

/** @throws NothingSelectedError */
export function select(plan: Plan, { only, maxSize }: Pick<Arguments, 'only' | 'maxSize'>): Selection {
  const names = [...new Set([...plan.workloads, ...plan.reactions].map(({ name }) => name)), BUNDLES];
  const unknown = only.filter((part) => !names.some((name) => name.includes(part)));
  if (unknown.length > 0)
    throw new NothingSelectedError(`no workload is called ${unknown.join(', ')}; there are:\n${list(names)}`);

  const isWanted = (name: string): boolean => only.length === 0 || only.some((part) => name.includes(part));
  const wanted = <T extends { readonly name: string; readonly size: number }>(all: readonly T[]): T[] =>
    all.filter(({ name, size }) => size <= maxSize && isWanted(name));
  const selection = {
    workloads: wanted(plan.workloads),
    reactions: wanted(plan.reactions),
    bundles: isWanted(BUNDLES),
  };
  if (selection.workloads.length + selection.reactions.length === 0 && !selection.bundles)
    throw new NothingSelectedError(
      `no workload called ${only.join(', ')} has at most ${maxSize.toLocaleString('en')} tasks; there are:\n${sizes(plan)}`,
    );
  return selection;
}

const list = (lines: readonly string[]): string => lines.map((line) => `  ${line}`).join('\n');

const sizes = ({ workloads, reactions }: Plan): string =>
  list([...workloads, ...reactions].map(({ name, size }) => `${name} of ${size.toLocaleString('en')}`));
