/** Ends a run when somebody wants it to end. */
export interface Interruption {
  /** Aborted once the run is to end. */
  readonly signal: AbortSignal;
  /** Ends the run for another reason than a signal. */
  end(): void;
  /** Ends the process, whose work is done, with `process.exitCode`, whatever signals still arrive. */
  exit(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Listens to the signals that end a program. The first one ends the run in good order; when another one says that it
 * takes too long, `giveUp` is called.
 *
 * @param signalsPerPress how often one Ctrl-C arrives: twice below npm, since the terminal signals the whole process
 * group and npm passes on what it gets itself
 */
export function listenForInterruption(giveUp: () => void, signalsPerPress = 1): Interruption {
  const stop = new AbortController();
  let received = 0;
  for (const name of SIGNALS)
    process.on(name, () => {
      received++;
      stop.abort();
      if (received === signalsPerPress + 1) giveUp();
    });
  return {
    signal: stop.signal,
    end: () => stop.abort(),
    // A process that ends by itself gives its handlers back first: what npm passes on late, on a busy machine, would
    // kill a run that has ended well.
    exit: () => process.exit(),
  };
}
