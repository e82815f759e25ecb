import stringWidth from 'string-width';

/** What output goes to. */
export interface Screen {
  readonly isTerminal: boolean;
  /** Columns of the terminal; `Infinity` for a pipe or a file, where nothing is cut. */
  readonly width: number;
  /** How many lines a command may show without being asked for more. */
  readonly maxLines: number;
}

/** Beside what a command shows, the screen has the line it was typed in, what it cost, a question, and the next prompt. */
const OTHER_LINES = 4;

const MIN_LINES = 10;

// A terminal that does not know its size says 0.
export const screenOf = ({ isTTY, columns, rows }: NodeJS.WriteStream): Screen =>
  isTTY
    ? {
        isTerminal: true,
        width: columns || 80,
        maxLines: rows ? Math.max(MIN_LINES, rows - OTHER_LINES) : 30,
      }
    : { isTerminal: false, width: Number.POSITIVE_INFINITY, maxLines: 1_000 };

/** The lines that texts take on a terminal, which folds what is wider than itself. */
export const heightOf = (texts: readonly string[], width: number): number =>
  texts
    .join('\n')
    .split('\n')
    .reduce((sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / width)), 0);
