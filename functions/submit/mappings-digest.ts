import { createHash } from 'node:crypto';
import type { SubmittedMapping } from '../copy-segment/submission.ts';

/** Hashing a line at a time would take longer than reading it. */
const CHARACTERS_PER_UPDATE = 65_536;

/**
 * SHA-256 of the canonical mappings, hexadecimal: ascending by source, a line
 * `source,target,partition,rows` per mapping, its last field empty where the number of rows is not given.
 */
export function createMappingsDigest() {
  const hash = createHash('sha256');
  let text = '';
  return {
    add({ sourceSegmentId, targetSegmentId, partitionId, numOfRows }: SubmittedMapping): void {
      text += `${sourceSegmentId},${targetSegmentId},${partitionId},${numOfRows ?? ''}\n`;
      if (text.length < CHARACTERS_PER_UPDATE) return;
      hash.update(text);
      text = '';
    },
    end: (): string => hash.update(text).digest('hex'),
  };
}
