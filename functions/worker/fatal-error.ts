/**
 * The task can never succeed: its source is missing or has changed, a checksum differs. Thrown by a copy, it fails the
 * task, and with it the job; any other error is tried again.
 */
export class FatalError extends Error {
  override name = 'FatalError';
}
