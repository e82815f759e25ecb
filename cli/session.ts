/** What surrounds a run: how somebody ends it, and who tidies up when it does not end by itself. */
export interface Session {
  /** Aborted once the run is to end. */
  readonly stop: AbortSignal;
  /** Whether nobody reads the output any more. */
  isOutputClosed(): boolean;
  /** Names what deletes all that the run has made; whoever gives up on it calls this. */
  tidyUpWith(destroy: () => Promise<void>): void;
}
