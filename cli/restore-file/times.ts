import * as v from 'valibot';
import { int64 } from './int64.ts';

/** As milliseconds since the epoch. A TSO is milliseconds shifted left by 18 bits (milvus pkg/util/tsoutil). */
const toMilliseconds = {
  seconds: (time: bigint) => time * 1_000n,
  milliseconds: (time: bigint) => time,
  microseconds: (time: bigint) => time / 1_000n,
  nanoseconds: (time: bigint) => time / 1_000_000n,
  'a TSO': (time: bigint) => time >> 18n,
} as const satisfies Record<string, (time: bigint) => bigint>;

type Unit = keyof typeof toMilliseconds;

const NAMES: Record<Unit, string> = {
  seconds: 'Unix seconds',
  milliseconds: 'Unix milliseconds',
  microseconds: 'Unix microseconds',
  nanoseconds: 'Unix nanoseconds',
  'a TSO': 'a TSO (milliseconds << 18)',
};

// Between these, no moment of a restore reads as another one in any other unit.
const EARLIEST = BigInt(Date.UTC(2000, 0));
const LATEST = BigInt(Date.UTC(2150, 0));

const isPlausible = (milliseconds: bigint): boolean => milliseconds >= EARLIEST && milliseconds < LATEST;

/**
 * A time in the unit that its field has, as epoch milliseconds; 0 is no time. Any other unit is refused by its name: a
 * timeout that Milvus wrote in one unit and read in another never fired (review of milvus-io/milvus#51527).
 */
export const timeIn = (unit: Unit) =>
  v.exactOptional(
    v.pipe(
      int64,
      v.check(
        (time) => time === 0n || isPlausible(toMilliseconds[unit](time)),
        ({ input }) => complaint(input as bigint, unit),
      ),
      v.transform((time) => (time === 0n ? undefined : Number(toMilliseconds[unit](time)))),
    ),
  );

function complaint(time: bigint, unit: Unit): string {
  const units = Object.keys(toMilliseconds) as Unit[];
  const actual = units.find((other) => isPlausible(toMilliseconds[other](time)));
  return actual === undefined
    ? `must be ${NAMES[unit]} between the years 2000 and 2150, is ${time}`
    : `must be ${NAMES[unit]}, but ${time} looks like ${actual}`;
}
