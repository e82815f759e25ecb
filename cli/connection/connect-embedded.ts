import { join } from 'node:path';
import { startEngines } from '../../engines/start-engines.ts';
import { createWorld } from '../../engines/world.ts';
import { createMeter } from '../../functions/aws/metered-clients.ts';
import { DEFAULT_DUE_SHARDS } from '../../functions/copy-segment/due-index.ts';
import { openRestore } from '../restore-file/open-restore.ts';
import { readLines } from '../restore-file/read-lines.ts';
import { checkRestore, rowsOf } from '../restore-file/restore.ts';
import { UnreadableRestoreError } from '../restore-file/unreadable-restore-error.ts';
import { UserError } from '../user-error.ts';
import type { ConnectRequest } from './connect.ts';
import type { Connection } from './connection.ts';
import { counted } from './counted.ts';
import { lazyClients } from './lazy-clients.ts';

const SAMPLE = join(import.meta.dirname, '../demo/restore.ndjson');

/**
 * Engines on this machine, and a restore in their tables; all of it ends with the command.
 *
 * @param file a restore, `-` for standard input, `true` for the sample
 */
export async function connectEmbedded(
  file: string | true,
  { typed, now, signal, options }: ConnectRequest,
): Promise<Connection> {
  const restore = await openRestore(file === true ? SAMPLE : file, signal);
  try {
    const lines = () => readLines(restore.path, signal);
    await checkRestore(lines, now).catch((error: unknown) => {
      throw error instanceof UnreadableRestoreError
        ? new UserError(`${restore.name}: nothing was loaded\n${error.message}`)
        : error;
    });
    const engines = await startEngines();
    try {
      const world = await createWorld(engines);
      await world.load(rowsOf(lines, now));
      const meter = createMeter();
      const { aws, destroy } = lazyClients({}, meter);
      return {
        dynamo: counted(world.dynamo, meter),
        sqs: counted(world.sqs, meter),
        tables: world.tables,
        queueUrl: world.queueUrl,
        shards: options.shards ?? DEFAULT_DUE_SHARDS,
        inspector: {},
        checker: {},
        aws,
        meter,
        name: `${restore.name}, embedded`,
        isEmbedded: true,
        options: typed,
        async close() {
          destroy();
          // Engines of the environment stay: what was made there is deleted.
          await world.destroy().finally(() => engines.stop());
        },
      };
    } catch (error) {
      await engines.stop();
      throw error;
    }
  } finally {
    await restore.close();
  }
}
