/** Thrown when a restore file, or lines of it, cannot be read. Nothing was loaded. */
export class UnreadableRestoreError extends Error {
  override name = 'UnreadableRestoreError';
  /** The beginning of a command that makes a restore of the file. */
  readonly filter: string | undefined;

  constructor(message: string, filter?: string) {
    super(message);
    this.filter = filter;
  }
}
