import { SingleBar } from 'cli-progress';

/** Below this, loading ends before a bar could be read. */
const MIN_BYTES = 2 ** 20;

/** Shows how much of a file, or of anything else that is counted, is done. */
export interface Progress {
  reached(done: number): void;
  end(): void;
}

const silent: Progress = { reached: () => {}, end: () => {} };

/**
 * A progress bar on standard error, which disappears when its work is done; none where nobody would see it.
 *
 * @param least the least total that is worth a bar
 */
export function progressBar(what: string, total: number, isShown: boolean, least = MIN_BYTES): Progress {
  if (!isShown || total < least || !process.stderr.isTTY) return silent;
  const bar = new SingleBar({
    format: `${what} {bar} {percentage}%`,
    clearOnComplete: true,
    hideCursor: false,
    fps: 5,
    barsize: 40,
  });
  bar.start(total, 0);
  return { reached: (done) => bar.update(done), end: () => bar.stop() };
}
