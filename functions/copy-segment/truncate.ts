/**
 * A text of at most `length` characters; what others write into a reason may be of any length. Counts code points:
 * half of a surrogate pair is no character, and DynamoDB refuses the whole request that holds one.
 */
export function truncate(text: string, length: number): string {
  const wellFormed = text.toWellFormed();
  // No text has more code points than code units.
  if (wellFormed.length <= length) return wellFormed;
  const characters = [...wellFormed.slice(0, 2 * length)];
  if (characters.length <= length && wellFormed.length <= 2 * length) return wellFormed;
  return `${characters.slice(0, length - 1).join('')}…`;
}
