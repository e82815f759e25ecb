import type { Meter } from '../../functions/aws/metered-clients.ts';
import { costOf } from '../../functions/pass/cost.ts';
import { countOf } from './count-of.ts';

/** What a command cost, in a line. */
export function describeCost(meter: Meter): string {
  const { requests, capacity } = costOf(meter);
  const read = countOf(tenths(capacity.readUnits), 'read unit');
  const written = countOf(tenths(capacity.writeUnits), 'write unit');
  return `${countOf(requests.total, 'request')}, ${read}, ${written}`;
}

/** Units come in halves. */
const tenths = (units: number): number => Math.round(units * 10) / 10;
