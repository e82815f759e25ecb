/**
 * How long a reaction may take, in milliseconds. The records behind it in its shard wait meanwhile; what it leaves is
 * due, and the scheduled pass has all the time there is.
 */
const MAX_REACTION_MS = 60_000;

/** How long a reaction that begins now has left: no longer than its invocation. */
export function reactionTime(remainingMs: () => number, now: () => number = Date.now): () => number {
  const until = now() + MAX_REACTION_MS;
  return () => Math.min(remainingMs(), until - now());
}
