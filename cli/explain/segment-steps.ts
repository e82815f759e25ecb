import type { Item } from '../../functions/copy-segment/item.ts';
import type { Step } from './explanation.ts';

const DROP_REASON = 'no task names it as a target';

/** Drops a segment that no task names, so that no pass does; only as it was found. */
export const dropByHand = (table: string, { segmentId, state, jobId }: Item, now: number): Step =>
  update(
    table,
    segmentId,
    'SET #state = :dropped, isImporting = :no, droppedAt = :now, dropReason = :why',
    '#state = :state AND jobId = :job',
    {
      ':dropped': { S: 'Dropped' },
      ':no': { BOOL: false },
      ':now': { N: String(now) },
      ':why': { S: DROP_REASON },
      ':state': { S: String(state) },
      ':job': { N: String(jobId) },
    },
    'Drops it, unless it changes before: no pass does. First be sure that nobody copies it.',
  );

/** What a writer forgot that dropped a segment. */
export const endImport = (table: string, segmentId: bigint): Step =>
  update(
    table,
    segmentId,
    'SET isImporting = :no',
    '#state = :dropped',
    { ':no': { BOOL: false }, ':dropped': { S: 'Dropped' } },
    'It is not importing any more.',
  );

const update = (
  table: string,
  segmentId: unknown,
  expression: string,
  condition: string,
  values: object,
  effect: string,
): Step => ({
  program: 'aws',
  args: [
    ...['dynamodb', 'update-item', '--table-name', table],
    ...['--key', JSON.stringify({ segmentId: { N: String(segmentId) } })],
    ...['--update-expression', expression, '--condition-expression', condition],
    ...['--expression-attribute-names', JSON.stringify({ '#state': 'state' })],
    ...['--expression-attribute-values', JSON.stringify(values)],
  ],
  effect,
});
