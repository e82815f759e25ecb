/** What has been copied of a task so far, by this worker and those before it. */
export interface Progress {
  readonly copiedObjects: number;
  readonly copiedBytes: bigint;
}
