/** What output goes to. */
export interface Screen {
  readonly isTerminal: boolean;
  /** Columns of the terminal; `Infinity` for a pipe or a file, where nothing is cut. */
  readonly width: number;
  /** How many lines of a kind are shown. */
  readonly maxLines: number;
}

export const screenOf = (stream: NodeJS.WriteStream): Screen =>
  stream.isTTY
    ? // A terminal that does not know its size says 0.
      { isTerminal: true, width: stream.columns || 80, maxLines: 30 }
    : { isTerminal: false, width: Number.POSITIVE_INFINITY, maxLines: 1_000 };
