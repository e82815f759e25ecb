import { describeError } from '../../functions/copy-segment/describe-error.ts';
import { TemporaryError } from '../../functions/copy-segment/stores.ts';

/** An error names the table that it came from: the SDK's does not. */
export async function ofTable<T>(table: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error;
    throw new TemporaryError(`the table ${table}: ${describeError(error)}`, { cause: error });
  }
}
