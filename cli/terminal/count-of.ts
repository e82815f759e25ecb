/** `1 job`, `2 jobs`. */
export const countOf = (count: number, noun: string): string =>
  `${count} ${count === 1 ? noun : noun.endsWith('s') ? `${noun}es` : `${noun}s`}`;
