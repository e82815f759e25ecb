/** A text of at most so many characters; what others write into a reason may be of any length. */
export const truncate = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text;
