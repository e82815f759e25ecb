import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { JOB_STATES, jobAttributes } from '../functions/copy-segment/job.ts';
import { SEGMENT_STATES, segmentAttributes } from '../functions/copy-segment/segment.ts';
import { type TableDefinition, tableDefinitions } from '../functions/copy-segment/tables.ts';
import { TASK_STATES, taskAttributes } from '../functions/copy-segment/task.ts';
import { markdownTables, sectionOf } from './support/markdown.ts';

const page = readFileSync(join(import.meta.dirname, '../docs/tables.md'), 'utf8');
const [keys = [], indexes = []] = markdownTables(sectionOf(page, 'Keys and index'));

const documented = (table: string): Record<string, string>[] =>
  markdownTables(sectionOf(page, table))[0] ?? [];
const plain = (cell = ''): string => cell.replaceAll('`', '');

const TABLES = [
  ['Jobs', tableDefinitions.jobs, jobAttributes, JOB_STATES],
  ['Tasks', tableDefinitions.tasks, taskAttributes, TASK_STATES],
  ['Segments', tableDefinitions.segments, segmentAttributes, SEGMENT_STATES],
] as const;

describe.each(TABLES)('docs/tables.md on %s', (name, definition: TableDefinition, attributes, states) => {
  it('lists the attributes that the code knows, with the types that it reads', () => {
    const types = documented(name).map(({ attribute, type }) => [
      plain(attribute),
      plain(type).replace('?', ''),
    ]);
    const known = Object.entries(attributes).map(([attribute, schema]) => [attribute, typeOf(schema)]);
    expect(Object.fromEntries(types)).toEqual(Object.fromEntries(known));
    expect(types).toHaveLength(known.length);
  });

  it('lists every state', () => {
    const { meaning = '' } = documented(name).find(({ attribute }) => plain(attribute) === 'state') ?? {};
    const listed = [...(meaning.split(', as in Milvus')[0] ?? '').matchAll(/`(\w+)`/g)].map(
      ([, state]) => state,
    );
    expect(listed).toEqual(states);
  });

  it('says who writes each attribute', () => {
    for (const row of documented(name)) expect(row['written by'], row.attribute).not.toBe('');
  });

  it('gives its keys, its time to live and its index', () => {
    const row = keys.find(({ table }) => table === name);
    expect(row).toEqual({
      table: name,
      'partition key': `\`${definition.partitionKey}\` N`,
      'sort key': definition.sortKey ? `\`${definition.sortKey}\` N` : '',
      'time to live': definition.timeToLiveAttribute ? `\`${definition.timeToLiveAttribute}\`` : '',
      index: definition.dueIndex ? `\`${definition.dueIndex.name}\`` : '',
    });
  });
});

it('docs/tables.md gives the keys of the index, and what it projects', () => {
  const { name, partitionKey, sortKey, nonKeyAttributes } = tableDefinitions.tasks.dueIndex;
  expect(indexes).toEqual([
    {
      index: `\`${name}\``,
      'partition key': `\`${partitionKey}\` N`,
      'sort key': `\`${sortKey}\` N`,
      'projected besides the keys': nonKeyAttributes.map((attribute) => `\`${attribute}\``).join(', '),
    },
  ]);
});

/** Values of each DynamoDB type, as the document client returns them. */
const SAMPLES: Readonly<Record<string, readonly unknown[]>> = {
  N: [1n],
  S: ['any', ...JOB_STATES, ...TASK_STATES, ...SEGMENT_STATES],
  BOOL: [true],
  B: [new Uint8Array()],
  L: [[]],
  M: [{}, { bucket: 'any', rootPath: 'any' }],
};

/** The one DynamoDB type that the schema of an attribute accepts. */
function typeOf(schema: v.GenericSchema): string {
  const types = Object.keys(SAMPLES).filter((type) => SAMPLES[type]?.some((sample) => v.is(schema, sample)));
  return types.join(' or ');
}
