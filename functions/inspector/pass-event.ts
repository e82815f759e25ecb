import * as v from 'valibot';
import { parseId } from '../copy-segment/ids.ts';
import { parsePlace } from './resume-point.ts';
import type { Mode } from './verdict.ts';

/** What an invocation asks for, after its event was accepted. */
export interface PassRequest {
  readonly mode: Mode;
  /** Only these jobs; undefined: all. */
  readonly jobIds?: ReadonlySet<bigint>;
  /** Recovery resumes at this job. */
  readonly fromJobId?: bigint;
  /** Recovery resumes after this key of a scan, as given by the report of the previous one. */
  readonly scannedThrough?: string;
  readonly dryRun: boolean;
}

const jobId = v.pipe(
  v.string('must be a decimal string, such as "449999999999999991" (a JSON number loses digits past 2^53)'),
  v.check((text) => parseId(text) !== undefined, 'must be a decimal string between 1 and 2^63-1'),
  v.transform((text) => parseId(text) as bigint),
);

const event = v.strictObject(
  {
    mode: v.optional(v.picklist(['inspect', 'recover'], 'must be "inspect" or "recover"'), 'inspect'),
    jobIds: v.optional(
      v.pipe(
        v.array(jobId, 'must be a list of job ids'),
        v.minLength(1, 'names no job; leave it out to take all of them'),
      ),
    ),
    fromJobId: v.optional(jobId),
    scannedThrough: v.optional(
      v.pipe(
        v.string('must be what the report of a recovery gave, such as "tasks/12/7"'),
        v.check(
          (text) => parsePlace(text) !== undefined,
          'must be what the report of a recovery gave, such as "tasks/12/7"',
        ),
      ),
    ),
    dryRun: v.optional(v.boolean('must be true or false'), false),
  },
  (issue) => (issue.expected === 'never' ? 'is not a field of the event' : 'must be a JSON object'),
);

/** Thrown for an event that asks for something the inspector does not do; nothing was read or written. */
export class InvalidEventError extends Error {
  override name = 'InvalidEventError';
}

/**
 * Accepts the event of an invocation, the schedule's input or an operator's payload.
 *
 * @param input `{ mode?, jobIds?, fromJobId?, scannedThrough?, dryRun? }`, ids as decimal strings; none means inspect
 * @throws InvalidEventError that names each field that is refused, and why
 */
export function parsePassEvent(input: unknown): PassRequest {
  // To Valibot a list is an object without fields.
  if (Array.isArray(input)) throw new InvalidEventError('refused: event must be a JSON object');
  const parsed = v.safeParse(event, input ?? {});
  if (!parsed.success) {
    const reasons = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'event'} ${issue.message}`);
    throw new InvalidEventError(`refused: ${reasons.join('; ')}`);
  }
  const { mode, jobIds, fromJobId, scannedThrough, dryRun } = parsed.output;
  const resumes = Object.entries({ fromJobId, scannedThrough }).filter(([, place]) => place !== undefined);
  if (resumes.length > 0 && mode === 'inspect')
    throw new InvalidEventError(
      `refused: ${resumes.map(([name]) => name).join(', ')} goes with mode "recover" only; an inspection asks the due index`,
    );
  if (jobIds !== undefined && scannedThrough !== undefined)
    throw new InvalidEventError(
      'refused: scannedThrough goes without jobIds; what is named is not scanned for',
    );
  return {
    mode,
    dryRun,
    ...(jobIds && { jobIds: new Set(jobIds) }),
    ...(fromJobId !== undefined && { fromJobId }),
    ...(scannedThrough !== undefined && { scannedThrough }),
  };
}
