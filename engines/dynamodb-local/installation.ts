import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the `pom.xml` beside this file asks for. */
export const VERSION = versionIn(readFileSync(join(import.meta.dirname, 'pom.xml'), 'utf8'));

/** Where its jars and native libraries are kept, one folder per version. */
export const LIBRARIES = join(import.meta.dirname, '../../node_modules/.cache/dynamodb-local', VERSION);

/** It is compiled for this version of Java. */
const MIN_JAVA = 17;

/** Why DynamoDB Local cannot be started here, or undefined if it can. Fetches nothing. */
export function whyNotStartable(): string | undefined {
  const compiler = whyNoJava();
  if (compiler !== undefined) return compiler;
  return existsSync(LIBRARIES) ? undefined : '`npm run dynamodb-local` has not fetched it';
}

/** The server is started from its source, so it takes a JDK. */
export function whyNoJava(): string | undefined {
  const { stdout, error } = spawnSync('javac', ['-version'], { encoding: 'utf8' });
  if (error) return `there is no JDK: it needs Java ${MIN_JAVA}`;
  const version = /^javac (\d+)/.exec(stdout)?.[1];
  return Number(version) >= MIN_JAVA ? undefined : `it needs Java ${MIN_JAVA}, here is ${version}`;
}

function versionIn(pom: string): string {
  const version = /<dynamodb-local\.version>(.+)<\/dynamodb-local\.version>/.exec(pom)?.[1];
  if (version === undefined) throw new Error('pom.xml names no version of DynamoDB Local');
  return version;
}
