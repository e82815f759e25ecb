import { expect, it } from 'vitest';
import { passesFilter } from '../engines/event-filter.ts';

// The rules as Lambda documents them: "Filter rule syntax", and for DynamoDB "Using the Exists operator".
const record = {
  eventName: 'MODIFY',
  dynamodb: {
    Keys: { id: { N: '1' } },
    OldImage: { state: { S: 'a' } },
    NewImage: { state: { S: 'b' }, count: { N: '0' }, nothing: { NULL: true }, list: { L: [{ S: 'x' }] } },
  },
};

it.each<[string, unknown, boolean]>([
  ['text that is equal', { NewImage: { state: { S: ['b'] } } }, true],
  ['text that differs', { NewImage: { state: { S: ['a'] } } }, false],
  ['text but for its case', { NewImage: { state: { S: ['B'] } } }, false],
  ['any of several values', { NewImage: { state: { S: ['a', 'b'] } } }, true],
  ['all of several attributes', { NewImage: { state: { S: ['b'] }, count: { N: ['1'] } } }, false],
  ['a number as the text that it is', { NewImage: { count: { N: ['0'] } } }, true],
  ['a number as a number', { NewImage: { count: { N: [0] } } }, false],
  ['true', { NewImage: { nothing: { NULL: [true] } } }, true],
  ['a leaf that exists', { NewImage: { state: { S: [{ exists: true }] } } }, true],
  ['a leaf of another type', { NewImage: { state: { N: [{ exists: true }] } } }, false],
  ['a map, which is no leaf', { NewImage: { state: [{ exists: true }] } }, false],
  ['a leaf that does not exist', { NewImage: { other: { S: [{ exists: false }] } } }, true],
  ['a leaf below nothing', { Gone: { other: { S: [{ exists: false }] } } }, true],
  ['anything but another', { OldImage: { state: { S: [{ 'anything-but': ['b', 'c'] }] } } }, true],
  ['anything but this', { OldImage: { state: { S: [{ 'anything-but': 'a' }] } } }, false],
  [
    'anything but something, where nothing is',
    { OldImage: { other: { S: [{ 'anything-but': ['a'] }] } } },
    false,
  ],
  ['one of two rules', { OldImage: { other: { S: [{ 'anything-but': ['a'] }, { exists: false }] } } }, true],
])('%s: %j', (_, dynamodb, passes) => {
  expect(passesFilter({ dynamodb }, record)).toBe(passes);
});

it('refuses what it does not know, rather than letting a pattern pass that nobody tried', () => {
  expect(() => passesFilter({ eventName: [{ wildcard: 'M*' }] }, record)).toThrow('unknown operator');
  expect(() => passesFilter({ eventName: 'MODIFY' }, record)).toThrow('no pattern');
});
