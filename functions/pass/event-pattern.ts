/** One value that an event pattern takes: this very text, or a rule. */
type Match = string | { readonly exists: boolean } | { readonly 'anything-but': readonly string[] };

type Attributes = Readonly<
  Record<string, { readonly S: readonly Match[] } | { readonly N: readonly Match[] }>
>;

/**
 * A pattern by which Lambda tells, before it invokes anything, which records of a DynamoDB stream a function wants. It
 * compares texts, numbers among them, with constants: nothing with the time, and nothing old with new.
 *
 * Below `dynamodb` only, which is what Lambda documents: that an item was created is told by its old image, not by
 * `eventName`.
 */
export interface EventPattern {
  readonly dynamodb: { readonly OldImage: Attributes; readonly NewImage: Attributes };
}

/** The item had another state before, or was not there. */
export const wasNot = (...states: readonly string[]): { readonly S: readonly Match[] } => ({
  S: [{ exists: false }, { 'anything-but': states }],
});
