/** Fewer digits than these look like a number of something. */
const MIN_DIGITS = 4;

/** Shows ids by their last digits, as many as tell all of them apart. */
export interface ShortIds {
  of(id: unknown): string;
  /** A text in which ids occur. */
  in(text: string): string;
}

/** @param ids every id that is shown, in decimal */
export function shortIds(ids: Iterable<string>): ShortIds {
  const all = new Set(ids);
  let digits = MIN_DIGITS;
  while (new Set([...all].map((id) => id.slice(-digits))).size < all.size) digits++;
  const shorten = (id: string): string => (id.length > digits + 1 ? `…${id.slice(-digits)}` : id);
  return {
    of: (id) => shorten(String(id)),
    in: (text) => text.replace(/\d+/g, (number) => (all.has(number) ? shorten(number) : number)),
  };
}

/** Ids as they are: for a pipe, where somebody looks for them. */
export const wholeIds: ShortIds = { of: String, in: (text) => text };
