import type { SubmittedMapping } from '../copy-segment/submission.ts';

/** A mapping, and where it was read, for a refusal to name. */
export interface Mapping extends SubmittedMapping {
  readonly origin?: Origin | undefined;
}

export interface Origin {
  /** From 1. */
  readonly line: number;
  /** What leads to the mapping within its line, such as `idMappings.5`. */
  readonly path?: string;
}

/**
 * Reads the mappings, ascending by source, from the first one on, each time it is called: once to check them and once to
 * write them, and once more to name the lines of ids that are there twice.
 */
export type MappingSource = () => AsyncIterable<Mapping> | Iterable<Mapping>;
