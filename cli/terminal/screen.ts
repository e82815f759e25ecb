/** What output goes to. */
export interface Screen {
  /** Columns of the terminal; `Infinity` for a pipe or a file, which gets everything in full. */
  readonly width: number;
  readonly isTerminal: boolean;
}

export const screenOf = (stream: NodeJS.WriteStream): Screen => ({
  width: stream.isTTY ? (stream.columns ?? 80) : Number.POSITIVE_INFINITY,
  isTerminal: stream.isTTY === true,
});
