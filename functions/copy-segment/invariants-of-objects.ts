/** One write of an object, as whoever watched the workers wrote it down. */
export interface ObjectWrite {
  readonly bucket: string;
  readonly key: string;
  readonly jobId: bigint;
  readonly taskId: bigint;
  /** The version that the worker claimed. */
  readonly taskVersion: number;
  /** When the worker sent it, epoch milliseconds. */
  readonly sentAt: number;
  /** The end, at that time, of the lease that the worker knew it had, epoch milliseconds; absent: it had none. */
  readonly leaseExpiresAt?: number | undefined;
}

/** A write that breaks an invariant. */
export interface ObjectViolation {
  readonly invariant: (typeof OBJECT_INVARIANTS)[number];
  readonly key: { readonly bucket: string; readonly key: string };
  readonly reason: string;
}

/** Section 13 of the contract, of what no table shows: it takes a record of what was written. */
export const OBJECT_INVARIANTS = [
  'an object is written once',
  'a worker without a lease writes no object',
] as const;

/**
 * What does not hold of a record of writes.
 *
 * @param writes those that the store carried out, in their order
 */
export function* violationsInWrites(writes: Iterable<ObjectWrite>): Generator<ObjectViolation> {
  const firstOf = new Map<string, ObjectWrite>();
  for (const write of writes) {
    const { bucket, key, sentAt, leaseExpiresAt } = write;
    const name = `${bucket}/${key}`;
    const first = firstOf.get(name);
    if (first)
      yield {
        invariant: 'an object is written once',
        key: { bucket, key },
        reason: `by ${writerOf(first)}, and again by ${writerOf(write)}`,
      };
    else firstOf.set(name, write);
    if (leaseExpiresAt === undefined || sentAt >= leaseExpiresAt)
      yield {
        invariant: 'a worker without a lease writes no object',
        key: { bucket, key },
        reason: `${writerOf(write)} wrote it at ${sentAt}, and ${leaseExpiresAt === undefined ? 'it had no lease' : `its lease ended at ${leaseExpiresAt}`}`,
      };
  }
}

const writerOf = ({ jobId, taskId, taskVersion }: ObjectWrite): string =>
  `task ${jobId}/${taskId} in version ${taskVersion}`;
