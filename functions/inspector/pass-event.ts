import * as v from 'valibot';
import { commonFields, InvalidEventError, id, parseEvent } from '../pass/event.ts';
import type { DueItems } from './react.ts';
import { parsePlace } from './resume-point.ts';
import type { Mode } from './verdict.ts';

/** What an invocation asks for, after its event was accepted. */
export interface PassRequest {
  readonly mode: Mode;
  /** Only these jobs; undefined: all. */
  readonly jobIds?: ReadonlySet<bigint>;
  /** Recovery resumes at this job. */
  readonly fromJobId?: bigint;
  /** Recovery resumes at this task of the job `fromJobId`. */
  readonly fromTaskId?: bigint;
  /** Recovery resumes after this key of a scan, as given by the report of the previous one. */
  readonly scannedThrough?: string;
  /** With mode `react`, which no event asks for: where to look. */
  readonly due?: DueItems;
  readonly dryRun: boolean;
  /** How many segments the pass may drop; undefined: as deployed. */
  readonly maxDrops?: number;
}

const scanPlace = 'must be what the report of a recovery gave, such as "tasks/12/7"';

const wholeNumber = 'must be a whole number, such as 50000';

const fields = {
  ...commonFields,
  mode: v.optional(v.picklist(['inspect', 'recover'], 'must be "inspect" or "recover"'), 'inspect'),
  fromJobId: v.optional(id),
  fromTaskId: v.optional(id),
  maxDrops: v.optional(v.pipe(v.number(wholeNumber), v.safeInteger(wholeNumber), v.minValue(0, wholeNumber))),
  scannedThrough: v.optional(
    v.pipe(
      v.string(scanPlace),
      v.check((text) => parsePlace(text) !== undefined, scanPlace),
    ),
  ),
};

/**
 * Accepts the event of an invocation, the schedule's input or an operator's payload.
 *
 * @param input `{ mode?, jobIds?, fromJobId?, fromTaskId?, scannedThrough?, dryRun?, maxDrops? }`, ids as decimal strings;
 *   none means inspect
 * @throws InvalidEventError that names each field that is refused, and why
 */
export function parsePassEvent(input: unknown): PassRequest {
  const { mode, jobIds, fromJobId, fromTaskId, scannedThrough, dryRun, maxDrops } = parseEvent(fields, input);
  const resumes = Object.entries({ fromJobId, fromTaskId, scannedThrough }).filter(
    ([, place]) => place !== undefined,
  );
  if (resumes.length > 0 && mode === 'inspect')
    throw new InvalidEventError(
      `refused: ${resumes.map(([name]) => name).join(', ')} goes with mode "recover" only; an inspection asks the due index`,
    );
  if (jobIds !== undefined && scannedThrough !== undefined)
    throw new InvalidEventError(
      'refused: scannedThrough goes without jobIds; what is named is not scanned for',
    );
  if (fromTaskId !== undefined && fromJobId === undefined)
    throw new InvalidEventError('refused: fromTaskId goes with fromJobId, the job of that task');
  return {
    mode,
    dryRun,
    ...(jobIds && { jobIds: new Set(jobIds) }),
    ...(fromJobId !== undefined && { fromJobId }),
    ...(fromTaskId !== undefined && { fromTaskId }),
    ...(scannedThrough !== undefined && { scannedThrough }),
    ...(maxDrops !== undefined && { maxDrops }),
  };
}
