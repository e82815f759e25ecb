import wrapAnsi from 'wrap-ansi';

/** A sentence in lines that are no wider than the terminal; as it is for a pipe. */
export const wrapped = (text: string, width: number): string =>
  Number.isFinite(width) ? wrapAnsi(text, width) : text;
