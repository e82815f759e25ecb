import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { job, NOW, task } from './support/builders.ts';
import { type CommandSurroundings, commandOn } from './support/command-in-process.ts';
import { embeddedWorld } from './support/embedded-world.ts';
import {
  type Alteration,
  type EndpointInBetween,
  endpointInBetween,
  type Interference,
  type PassingRequest,
} from './support/endpoint-in-between.ts';

type Interfere = (request: PassingRequest) => Interference;

/** A world without items behind an endpoint that interferes, and a dump of jobs 1 to `jobs`. */
async function troubledWorld(interfere: Interfere, jobs = 30) {
  const [from, world] = [await embeddedWorld(), await embeddedWorld()];
  await from.has(Array.from({ length: jobs }, (_, n) => job({ jobId: BigInt(n + 1) })));
  // Bytes go the whole way as well.
  await from.put('tasks', { ...task().item, mappings: new Uint8Array([0, 255, 128]) });
  const input = (await commandOn(from, ['dump'])).stdout;
  let isTroubled = true;
  const between = await endpointInBetween(inject('dynamoEndpoint'), (request) =>
    isTroubled ? interfere(request) : undefined,
  );
  onTestFinished(between.close);
  return {
    from,
    world,
    between,
    calm: (): void => {
      isTroubled = false;
    },
    load: (args: readonly string[] = [], surroundings: CommandSurroundings = {}) =>
      commandOn(world, ['load', '-', ...args], { input, dynamoEndpoint: between.endpoint, ...surroundings }),
  };
}

/** How many items each request of a kind was about. */
const sizesOf = ({ requests }: EndpointInBetween, kind: string, sizeOf: (input: never) => number) =>
  requests.filter(({ operation }) => operation === kind).map(({ input }) => sizeOf(input as never));

interface Statements {
  readonly Statements: readonly object[];
}

/** Statements that a batch leaves undone with an error, though the request succeeds. */
const failing = (
  isHit: (statement: string, index: number) => boolean,
  Code = 'ProvisionedThroughputExceeded',
): Interfere => {
  return ({ operation, input }): Alteration | undefined => {
    if (operation !== 'BatchExecuteStatement') return undefined;
    const { Statements } = input as unknown as Statements;
    const hits = Statements.map((statement, index) => isHit(JSON.stringify(statement), index));
    const through = Statements.filter((_, index) => !hits[index]);
    if (through.length === Statements.length) return undefined;
    return {
      // The engine takes no batch without statements.
      input: through.length > 0 ? { ...input, Statements: through } : undefined,
      answer({ Responses = [] }: { Responses?: object[] }) {
        const left = [...Responses];
        const undone = { Error: { Code, Message: 'as the test wants it' } };
        return { Responses: hits.map((hit) => (hit ? undone : (left.shift() ?? {}))) };
      },
    };
  };
};

const isOfJob = (jobId: number) => (statement: string) => statement.includes(`{"N":"${jobId}"}`);

describe('a load', () => {
  it.each(['ProvisionedThroughputExceeded', 'ThrottlingError', 'TransactionConflict', 'InternalServerError'])(
    'asks again for what a batch left undone, and for that alone: %s',
    async (code) => {
      let batches = 0;
      const troubled = await troubledWorld((request) =>
        request.operation === 'BatchExecuteStatement' && ++batches <= 3
          ? failing((_, index) => index >= 5, code)(request)
          : undefined,
      );
      const { code: exitCode, stdout } = await troubled.load();
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'Loaded 31 items.\n' });
      expect(await troubled.world.items()).toEqual(await troubled.from.items());
      const sizes = sizesOf(
        troubled.between,
        'BatchExecuteStatement',
        (input: Statements) => input.Statements.length,
      );
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(31 * 3);
      expect(Math.min(...sizes)).toBeLessThan(25);
    },
  );

  it('ends with 3 when an item is throttled to the end; the same again loads the rest', async () => {
    const troubled = await troubledWorld(failing(isOfJob(8)));
    const ended = await troubled.load();
    expect(ended.stderr).toMatch(/DynamoDB left items unwritten several times/);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 3, stdout: '' });
    expect((await troubled.world.items()).jobs.map(({ jobId }) => jobId)).not.toContain(8n);
    // The others of its batch are there, and so is the batch beside it.
    expect((await troubled.world.items()).jobs).toHaveLength(29);
    troubled.calm();
    expect((await troubled.load()).stdout).toBe('Loaded 1 item; 30 were there already.\n');
    expect(await troubled.world.items()).toEqual(await troubled.from.items());
  });

  it('names the item that DynamoDB will not have, and does not ask for it again', async () => {
    const troubled = await troubledWorld(failing(isOfJob(8), 'ValidationError'));
    const { code, stderr } = await troubled.load();
    expect(stderr).toContain(
      `${troubled.world.tables.jobs}, jobId 8: ValidationError: as the test wants it\n`,
    );
    expect(code).toBe(3);
    expect(sizesOf(troubled.between, 'BatchExecuteStatement', () => 1)).toHaveLength(2);
  });

  it('waits, with the SDK, when whole requests are throttled', async () => {
    let requests = 0;
    const troubled = await troubledWorld(({ operation }) =>
      operation === 'BatchExecuteStatement' && ++requests <= 2
        ? { type: 'ProvisionedThroughputExceededException', message: 'slow down' }
        : undefined,
    );
    expect(await troubled.load()).toMatchObject({ code: 0, stdout: 'Loaded 31 items.\n' });
    expect(await troubled.world.items()).toEqual(await troubled.from.items());
  });

  it('compares again what a read left unread', async () => {
    let reads = 0;
    const troubled = await troubledWorld(({ operation, input }): Interference => {
      const [table, { Keys = [] } = {}] = Object.entries(
        (input.RequestItems ?? {}) as Record<string, { Keys?: object[] }>,
      )[0] ?? [''];
      if (operation !== 'BatchGetItem' || ++reads > 2 || Keys.length < 2) return undefined;
      const asked = { ...(input.RequestItems as Record<string, object>)[table], Keys: Keys.slice(0, 1) };
      return {
        input: { ...input, RequestItems: { [table]: asked } },
        answer: (output) => ({ ...output, UnprocessedKeys: { [table]: { Keys: Keys.slice(1) } } }),
      };
    });
    await troubled.load();
    await troubled.world.put('jobs', { ...(await troubled.world.job(9n)), state: 'Failed' });
    const { code, stdout } = await troubled.load();
    expect(reads).toBeGreaterThan(2);
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: [
        'Loaded 0 items; 30 were there already.',
        '1 item left as found: there with another content.',
        '  job 9',
        'To replace them: --overwrite',
        '',
      ].join('\n'),
    });
  });

  it('ends with 3 when what is there cannot be compared', async () => {
    const troubled = await troubledWorld(({ operation, input }) =>
      operation === 'BatchGetItem'
        ? { input, answer: () => ({ Responses: {}, UnprocessedKeys: input.RequestItems }) }
        : undefined,
    );
    await troubled.load();
    const { code, stderr } = await troubled.load();
    expect({ code, stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('DynamoDB left items unread several times'),
    });
  });

  it('ends by Ctrl-C, though whoever writes to it has not come to the end', async () => {
    const stop = new AbortController();
    const troubled = await troubledWorld(({ operation }) => {
      if (operation !== 'BatchExecuteStatement') return undefined;
      stop.abort();
      return 'no answer';
    });
    const { code } = await troubled.load([], { signal: stop.signal, isInputOpen: true });
    expect(code).toBe(130);
  });
});

describe('a load that replaces', () => {
  const unprocessed =
    (keep: number, isTroubled: () => boolean): Interfere =>
    ({ operation, input }) => {
      if (operation !== 'BatchWriteItem' || !isTroubled()) return undefined;
      const requests = Object.entries(input.RequestItems as Record<string, object[]>).flatMap(
        ([table, puts]) => puts.map((put) => ({ table, put })),
      );
      const itemsOfTables = (some: readonly { table: string; put: object }[]) =>
        Object.fromEntries(
          [...Map.groupBy(some, ({ table }) => table)].map(([table, of]) => [
            table,
            of.map(({ put }) => put),
          ]),
        );
      return {
        input: { ...input, RequestItems: itemsOfTables(requests.slice(0, keep)) },
        answer: (output) => ({ ...output, UnprocessedItems: itemsOfTables(requests.slice(keep)) }),
      };
    };

  it('asks again for UnprocessedItems until all are there, bytes and all', async () => {
    let batches = 0;
    const troubled = await troubledWorld(unprocessed(3, () => ++batches <= 4));
    await troubled.world.has(job({ jobId: 9n, state: 'Failed' }));
    expect(await troubled.load(['--overwrite', '--yes'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\nLoaded 31 items\.\n$/),
    });
    expect(batches).toBeGreaterThan(4);
    expect(await troubled.world.items()).toEqual(await troubled.from.items());
  });

  it('ends with 3 if they are never processed; the same again replaces all', async () => {
    const troubled = await troubledWorld(unprocessed(1, () => true));
    const { code, stderr } = await troubled.load(['--overwrite', '--yes']);
    expect({ code, stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('DynamoDB left items unwritten several times'),
    });
    troubled.calm();
    expect((await troubled.load(['--overwrite', '--yes'])).code).toBe(0);
    expect(await troubled.world.items()).toEqual(await troubled.from.items());
  });
});

describe('an item whose statement is longer than PartiQL takes', () => {
  const large = (jobId: bigint, value: number) => ({
    jobId,
    ...Object.fromEntries(
      Array.from({ length: 300 }, (_, n) => [`an attribute of somebody else's, ${n}`, value]),
    ),
  });

  async function worldWithLarge(interfere: Interfere = () => undefined) {
    const [from, world] = [await embeddedWorld(), await embeddedWorld()];
    await from.put('jobs', large(1n, NOW));
    await from.put('jobs', large(2n, NOW));
    await from.has(job({ jobId: 3n }));
    const input = (await commandOn(from, ['dump'])).stdout;
    const between = await endpointInBetween(inject('dynamoEndpoint'), interfere);
    onTestFinished(between.close);
    const load = () => commandOn(world, ['load', '-'], { input, dynamoEndpoint: between.endpoint });
    return { from, world, between, load };
  }

  it('is put by itself, the others in their batch', async () => {
    const { from, world, between, load } = await worldWithLarge();
    expect(await load()).toMatchObject({ code: 0, stdout: 'Loaded 3 items.\n' });
    expect(await world.items()).toEqual(await from.items());
    expect(sizesOf(between, 'PutItem', () => 1)).toHaveLength(2);
    expect(sizesOf(between, 'BatchExecuteStatement', (input: Statements) => input.Statements.length)).toEqual(
      [1],
    );
  });

  it('is left as it is where it is there, and named if its content differs', async () => {
    const { world, load } = await worldWithLarge();
    await load();
    await world.put('jobs', large(2n, 0));
    const { code, stdout } = await load();
    expect({ code, stdout }).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^Loaded 0 items; 2 were there already\.\n.*\n {2}job 2\n/),
    });
    expect(await world.job(2n)).toEqual(
      expect.objectContaining({ "an attribute of somebody else's, 0": 0n }),
    );
  });

  it('is put once its table is no longer throttled', async () => {
    let puts = 0;
    const { from, world, load } = await worldWithLarge(({ operation }) =>
      operation === 'PutItem' && ++puts <= 2
        ? { type: 'ProvisionedThroughputExceededException', message: 'slow down' }
        : undefined,
    );
    expect(await load()).toMatchObject({ code: 0, stdout: 'Loaded 3 items.\n' });
    expect(await world.items()).toEqual(await from.items());
  });
});
