import { quoted } from './shell-line.ts';

/** A command over as many lines as it takes, as a shell reads it; in one line for a pipe. A word is never cut. */
export function folded(words: readonly string[], width: number, indent: string): string {
  const lines: string[] = [];
  // Room for the backslash that goes on.
  const columns = width - indent.length - 2;
  for (const word of words.map(quoted)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join(` \\\n${indent}`);
}
