import wrapAnsi from 'wrap-ansi';

/** A sentence in lines that are no wider than the terminal; as it is for a pipe. */
export const wrapped = (text: string, width: number): string =>
  Number.isFinite(width) ? wrapAnsi(text, width) : text;

/** The same behind a first word, which the lines that follow are indented by; by two columns if there is none. */
export function hanging(first: string, text: string, width: number): string {
  const indent = ' '.repeat(Math.max(2, first.length));
  return first + wrapped(text, width - indent.length).replaceAll('\n', `\n${indent}`);
}
