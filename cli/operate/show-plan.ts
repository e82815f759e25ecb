import cliTruncate from 'cli-truncate';
import { countOf } from '../terminal/count-of.ts';
import type { Screen } from '../terminal/screen.ts';
import { wrapped } from '../terminal/wrapped.ts';
import { attributeChanges, itemName, valueText } from './attribute-changes.ts';
import type { Plan, Step } from './plan.ts';

type Planned = Extract<Plan, { kind: 'planned' }>;

/** Items shown attribute by attribute; the others are counted. */
const MAX_ITEMS_SHOWN = 3;

/** What a plan changes, for a person who is about to agree. */
export function planLines({ steps, notes }: Planned, { width }: Pick<Screen, 'width'>): string[] {
  const more = steps.length - MAX_ITEMS_SHOWN;
  return [
    ...steps.slice(0, MAX_ITEMS_SHOWN).flatMap((step) => stepLines(step, width)),
    ...(more > 0 ? [`… and ${countOf(more, 'item')} likewise (--json names them all)`] : []),
    ...notes.map((note) => wrapped(note, width)),
  ];
}

function stepLines(step: Step, columns: number): string[] {
  const changes = attributeChanges(step);
  const width = Math.max(0, ...changes.map(({ name }) => name.length));
  return [
    itemName(step.change),
    ...changes.map(({ name, before, after }) =>
      cut(`  ${name.padEnd(width)}  ${valueText(name, before)} → ${valueText(name, after)}`, columns),
    ),
  ];
}

const cut = (text: string, columns: number): string =>
  Number.isFinite(columns) ? cliTruncate(text, columns) : text;

/** The same for a program: every item. */
export const planAsJson = ({ steps }: Planned): object[] =>
  steps.map((step) => ({
    table: step.change.table,
    key: step.change.key,
    attributes: Object.fromEntries(
      attributeChanges(step).map(({ name, before, after }) => [
        name,
        { before: jsonValue(name, before), after: jsonValue(name, after) },
      ]),
    ),
  }));

/** Ids become strings; counts and times are exact as numbers. */
const jsonValue = (name: string, value: unknown): unknown =>
  typeof value === 'bigint' && !name.endsWith('Id') && Number.isSafeInteger(Number(value))
    ? Number(value)
    : (value ?? null);
