import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LIBRARIES, VERSION, whyNoJava } from './installation.ts';

/** Fetches DynamoDB Local with Maven, unless it is there. */
function install(): void {
  const reason = whyNoJava();
  if (reason !== undefined) fail(reason);
  if (existsSync(LIBRARIES)) {
    say('is there');
    return;
  }
  // Renamed when it is whole: a folder that an interrupted run left behind would be taken for an installation.
  const partial = `${LIBRARIES}.${process.pid}`;
  const { status, error } = spawnSync(
    'mvn',
    [
      ...['--batch-mode', '--quiet', '--file', join(import.meta.dirname, 'pom.xml')],
      ...['dependency:copy-dependencies', `-DoutputDirectory=${partial}`],
    ],
    { stdio: 'inherit' },
  );
  if (status === 0) renameSync(partial, LIBRARIES);
  else rmSync(partial, { recursive: true, force: true });
  if (error) fail('there is no Maven: `mvn` fetches it');
  if (status !== 0) fail('Maven could not fetch it');
  say('is ready; the contract tests also run on it');
}

const say = (what: string): boolean => process.stdout.write(`DynamoDB Local ${VERSION} ${what}\n`);

function fail(reason: string): never {
  process.stderr.write(`DynamoDB Local ${VERSION} cannot be installed: ${reason}\n`);
  process.exit(1);
}

install();
