import type { World } from '../../engines/world.ts';
import { createMeter, meteredClients } from '../../functions/aws/metered-clients.ts';
import { createTableReads } from '../../functions/aws/table-reads.ts';
import { createWriter, type EngineTraits } from '../../functions/aws/write-changes.ts';

/** The adapters as a function composes them, on the tables of a world, and what they asked for. */
export function adaptersOn(
  world: Pick<World, 'dynamo' | 'sqs' | 'tables'>,
  traits: EngineTraits = { takesSeveralRemoves: true },
) {
  const meter = createMeter();
  const clients = meteredClients(world, meter, new AbortController().signal);
  return {
    write: createWriter(clients, world.tables, traits),
    ...createTableReads(clients, world.tables),
    clients,
    meter,
    traits,
  };
}
