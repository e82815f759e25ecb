import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Engine } from './engine.ts';

const HOST = '127.0.0.1';

/** Another program may take the port between its choice and its use. */
const MAX_ATTEMPTS = 3;

/**
 * Runs the engine until its standard input ends: it ends with this process however that one ends, and a Ctrl-C
 * in the terminal, which goes to the whole process group, does not take the tables away from a pass under way.
 */
const WHILE_STDIN_IS_OPEN =
  'exec 3<&0; "$0" "$@" & child=$!; { cat <&3 >/dev/null; kill "$child"; } & wait "$child"';

export class NoEmbeddedEngineError extends Error {
  override name = 'NoEmbeddedEngineError';
}

/** Tables that an engine starts with: a directory as DynamoDB exports it, and a file of table definitions. */
export interface ImportedData {
  readonly source: string;
  readonly schema: string;
}

/**
 * Starts the DynamoDB emulator on a free port of 127.0.0.1, in memory.
 *
 * @param data what its tables hold; none at all unless given
 * @throws NoEmbeddedEngineError on a platform that there is none for
 */
export async function startEmbeddedDynamoDB(data?: ImportedData): Promise<Engine> {
  const binary = locateBinary();
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(binary, await freePort(), data);
    } catch (error) {
      if (attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

function locateBinary(): string {
  const platform = `${process.platform}-${process.arch}`;
  try {
    return createRequire(import.meta.url).resolve(`@dynoxide/${platform}/dynoxide`);
  } catch {
    throw new NoEmbeddedEngineError(
      `There is no embedded DynamoDB for ${platform}: set AWS_ENDPOINT_URL_DYNAMODB to a DynamoDB endpoint, such as http://127.0.0.1:8000 of DynamoDB Local.`,
    );
  }
}

async function start(binary: string, port: number, data: ImportedData | undefined): Promise<Engine> {
  const imports = data ? ['import', '--source', data.source, '--schema', data.schema, '--serve'] : [];
  const address = ['--host', HOST, '--port', String(port)];
  const shell = spawn('sh', ['-c', WHILE_STDIN_IS_OPEN, binary, ...imports, ...address], {
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
  });
  const exited = once(shell, 'exit');
  // It announces itself on standard error, after what it has to say of an import.
  const lines = createInterface(shell.stderr);
  const listening = new Promise<boolean>((resolve) => {
    lines.on('line', (line) => line.includes('listening on') && resolve(true));
  });
  if (!(await Promise.race([listening, exited.then(() => false)]))) {
    shell.stdin.destroy();
    throw new Error(`the embedded DynamoDB did not start on port ${port}`);
  }
  return {
    name: 'dynoxide',
    endpoint: `http://${HOST}:${port}`,
    // It is detached: the shell leads a group.
    ...(shell.pid !== undefined && { processGroup: shell.pid }),
    async stop() {
      shell.stdin.end();
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
