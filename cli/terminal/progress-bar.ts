import { SingleBar } from 'cli-progress';

/** Below this, loading ends before a bar could be read. */
const MIN_BYTES = 2 ** 20;

/** Shows how much of a file is done. */
export interface Progress {
  reached(bytes: number): void;
  end(): void;
}

const silent: Progress = { reached: () => {}, end: () => {} };

/** A progress bar on standard error, which disappears when its work is done; none where nobody would see it. */
export function progressBar(what: string, bytes: number, isShown: boolean): Progress {
  if (!isShown || bytes < MIN_BYTES || !process.stderr.isTTY) return silent;
  const bar = new SingleBar({
    format: `${what} {bar} {percentage}%`,
    clearOnComplete: true,
    hideCursor: false,
    fps: 5,
    barsize: 40,
  });
  bar.start(bytes, 0);
  return { reached: (done) => bar.update(done), end: () => bar.stop() };
}
