import { expect, it } from 'vitest';
import { createTransact } from '../functions/aws/transact.ts';
import { createWriter } from '../functions/aws/write-changes.ts';
import { applied, type Change } from '../functions/copy-segment/change.ts';
import { readJob } from '../functions/copy-segment/job.ts';
import { job } from './support/builders.ts';
import { disturbedClients, embeddedWorld, type Item } from './support/embedded-world.ts';

const counting: Change<'jobs'> = {
  table: 'jobs',
  key: { jobId: 1n },
  if: { state: 'Executing' },
  set: { reason: 'counting' },
  add: { completedTasks: 1, copiedBytes: 5n },
  remove: ['snapshotName'],
};
const other: Change<'jobs'> = { ...counting, key: { jobId: 2n } };

async function counters() {
  const world = await embeddedWorld();
  await world.has(job({ completedTasks: 2, snapshotName: 'first' }), job({ jobId: 2n }), job({ jobId: 3n }));
  const clients = { ...disturbedClients(), signal: new AbortController().signal };
  return { world, clients };
}

it('a change that counts up does so among others, from what there is or from 0', async () => {
  const { world, clients } = await counters();
  const write = createWriter(clients, world.tables, { takesSeveralRemoves: true });
  const plain: Change<'jobs'> = { ...counting, key: { jobId: 3n }, add: {} };
  expect(await write([counting, plain, other])).toEqual([
    { kind: 'done' },
    { kind: 'done' },
    { kind: 'done' },
  ]);
  expect(await world.job(1n)).toMatchObject({ completedTasks: 3n, copiedBytes: 5n, reason: 'counting' });
  expect(await world.job(1n)).not.toHaveProperty('snapshotName');
  expect(await world.job(2n)).toMatchObject({ completedTasks: 1n, copiedBytes: 5n });
  expect(await world.job(3n)).not.toHaveProperty('completedTasks');
});

it('a change that counts up does so in a transaction as well, with all or none', async () => {
  const { world, clients } = await counters();
  const transact = createTransact(clients, world.tables);
  const refused: Change<'jobs'> = { ...other, if: { state: 'Failed' } };
  expect(await transact([{ change: counting }, { change: refused }])).toMatchObject({
    kind: 'conditionFailed',
  });
  expect(await world.job(1n)).toMatchObject({ completedTasks: 2n });
  expect(await transact([{ change: counting }, { change: other }])).toEqual({ kind: 'done' });
  expect(await world.job(1n)).toMatchObject({ completedTasks: 3n });
});

it('what a counting change leaves behind is known without reading', async () => {
  const { world, clients } = await counters();
  const write = createWriter(clients, world.tables, { takesSeveralRemoves: true });
  for (const jobId of [1n, 2n]) {
    const reading = readJob((await world.job(jobId)) as Item);
    if (!reading.ok) throw new Error(reading.reason);
    const change = { ...counting, key: { jobId } };
    await write([change]);
    expect(applied(reading.value, change).raw).toEqual(await world.job(jobId));
  }
});
