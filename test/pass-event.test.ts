import { describe, expect, it } from 'vitest';
import { parsePassEvent } from '../functions/inspector/pass-event.ts';

describe('the event of a pass', () => {
  it.each([undefined, null, {}, { mode: 'inspect' }])('%o means inspect all that is due', (event) => {
    expect(parsePassEvent(event)).toEqual({ mode: 'inspect', dryRun: false });
  });

  it('names jobs, where to resume, and a dry run, for a recovery', () => {
    const event = {
      mode: 'recover',
      jobIds: ['10', '9', '9'],
      fromJobId: '449999999999999991',
      fromTaskId: '8',
      dryRun: true,
    };
    expect(parsePassEvent(event)).toEqual({
      mode: 'recover',
      jobIds: new Set([10n, 9n]),
      fromJobId: 449_999_999_999_999_991n,
      fromTaskId: 8n,
      dryRun: true,
    });
  });

  it('takes jobs and a dry run for an inspection as well', () => {
    expect(parsePassEvent({ jobIds: ['1'], dryRun: true })).toMatchObject({ mode: 'inspect', dryRun: true });
  });

  it.each<[unknown, RegExp]>([
    [{ mode: 'react' }, /mode must be "inspect" or "recover"/],
    [{ mode: 'repair' }, /mode must be "inspect" or "recover"/],
    [{ jobIds: '1' }, /jobIds must be a list/],
    [{ jobIds: [] }, /jobIds names no job/],
    [{ jobIds: ['1', 2] }, /jobIds\.1 must be a decimal string/],
    [{ jobIds: ['0'] }, /jobIds\.0 must be .* between 1 and 2\^63-1/],
    [{ jobIds: ['9223372036854775808'] }, /jobIds\.0 .*between 1 and 2\^63-1/],
    [{ mode: 'recover', fromJobId: '1e3' }, /fromJobId must be a decimal string/],
    [{ mode: 'recover', fromJobId: 1 }, /fromJobId must be a decimal string/],
    [{ mode: 'recover', fromTaskId: '1' }, /fromTaskId goes with fromJobId/],
    [{ fromJobId: '1', fromTaskId: '1' }, /fromJobId, fromTaskId goes with mode "recover"/],
    [{ fromJobId: '1' }, /fromJobId goes with mode "recover"/],
    [{ dryRun: 'yes' }, /dryRun must be true or false/],
    [{ dryrun: true }, /dryrun is not a field of the event/],
    [{ key1: 'value1' }, /key1 is not a field/],
    ['inspect', /event must be a JSON object/],
    [[], /event must be a JSON object/],
  ])('%o is refused, naming the field', (event, message) => {
    expect(() => parsePassEvent(event)).toThrow(message);
  });

  it('accepts the largest int64', () => {
    expect(parsePassEvent({ jobIds: ['9223372036854775807'] }).jobIds).toEqual(new Set([2n ** 63n - 1n]));
  });

  it('a place of a scan beside named jobs, which are not scanned for', () => {
    const event = { mode: 'recover', jobIds: ['1'], scannedThrough: 'tasks/1/2' };
    expect(() => parsePassEvent(event)).toThrow(/scannedThrough goes without jobIds/);
  });

  it.each(['jobs/12', 'jobs/12/7', 'tasks', 'tasks/12/7', 'jobs/1e-7'])(
    'takes the place %s',
    (scannedThrough) => {
      expect(parsePassEvent({ mode: 'recover', scannedThrough })).toMatchObject({ scannedThrough });
    },
  );

  it.each([
    'segments/1',
    'tasks/1',
    'tasks/1/2/3',
    'jobs/x',
    'jobs/1/x',
    'jobs/1/0',
    'jobs/1/2.5',
    'jobs/1/07',
    'jobs/1/9223372036854775808',
    'jobs/1.5/2',
    'jobs/1/2/3',
    'jobs/1/',
    '',
  ])('a place that is none: %o', (scannedThrough) => {
    expect(() => parsePassEvent({ mode: 'recover', scannedThrough })).toThrow(
      /scannedThrough must be what the report/,
    );
  });
});
