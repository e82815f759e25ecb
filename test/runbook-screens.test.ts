import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ALARM_HEADINGS } from '../functions/pass/alarm-headings.ts';
import { ALARM_SITUATIONS } from './support/alarm-situations.ts';
import { deployed } from './support/deployed-stack.ts';
import { sectionOf } from './support/markdown.ts';

const runbook = readFileSync(join(import.meta.dirname, '..', 'RUNBOOK.md'), 'utf8');

/** What is typed under a heading, and what is shown. */
const screenOf = (heading: string): string[] =>
  /```text\n\$ npx copy-segment ([^\n]+)\n([\s\S]*?)\n```/.exec(sectionOf(runbook, heading))?.slice(1) ?? [];

describe('RUNBOOK.md shows what the command prints while the alarm is on', () => {
  it.each(ALARM_HEADINGS)('%s', async (heading) => {
    const { typed, deployment } = ALARM_SITUATIONS[heading];
    const { command } = await deployed(deployment);
    const { code, stdout, stderr } = await command(typed.replace(/ --stack .*/, '').split(' '), 80);
    expect(screenOf(heading)).toEqual([typed, `${stdout}${stderr}`.trimEnd()]);
    expect(code).toBe(1);
  });
});
