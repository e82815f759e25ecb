import { InvalidArgumentError, Option } from 'commander';
import { parseId } from '../../functions/copy-segment/ids.ts';
import { yesOption } from '../commands/command.ts';

export interface PassOptions {
  readonly local?: true;
  readonly dryRun?: true;
  readonly jobs?: readonly string[];
  readonly maxDrops?: number;
  readonly all?: true;
  readonly yes?: true;
}

export const passOptions = (): Option[] => [
  new Option('--dry-run', 'write nothing: show what would be done, and why'),
  new Option('--local', 'in this process, not by the deployed function'),
  new Option('--jobs <ids>', 'these jobs only, separated by commas').argParser(parseJobs),
  new Option('--all', 'show every action of a dry run, not one screen'),
];

export const dropOptions = (): Option[] => [
  new Option('--max-drops <count>', 'how many segments one pass may drop').argParser(parseCount),
  yesOption(),
];

/** What the options say to a function, in its event. */
export const eventOf = ({ dryRun, jobs, maxDrops }: PassOptions): { readonly maxDrops?: number } => ({
  ...(dryRun && { dryRun }),
  ...(jobs && { jobIds: jobs }),
  ...(maxDrops !== undefined && { maxDrops }),
});

/** @throws InvalidArgumentError for anything but job ids */
function parseJobs(text: string): string[] {
  const jobs = text.split(',').map((part) => part.trim());
  if (jobs.some((job) => parseId(job) === undefined))
    throw new InvalidArgumentError('It must be job ids, separated by commas.');
  return jobs;
}

/** @throws InvalidArgumentError for anything but a whole number above 0 */
function parseCount(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}
