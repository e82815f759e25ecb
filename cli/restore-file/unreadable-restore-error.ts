/** Thrown when a restore file, or lines of it, cannot be read. Nothing was loaded. */
export class UnreadableRestoreError extends Error {
  override name = 'UnreadableRestoreError';
}
