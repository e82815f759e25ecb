/** 16 MiB, whatever the size of the file. */
const BITS = 2 ** 27;

/**
 * Finds keys that may be repeated, in memory that does not grow with their number: each key sets the bit that it hashes
 * to, and a key whose bit is set already is suspect. Of 100,000 different keys some forty are suspect by chance, so
 * a second reading has to tell.
 */
export function createSuspicion(): (key: string) => boolean {
  const bits = new Uint32Array(BITS / 32);
  return (key) => {
    const bit = hash(key) % BITS;
    const [index, mask] = [bit >>> 5, 1 << (bit & 31)];
    const isSet = ((bits[index] ?? 0) & mask) !== 0;
    bits[index] = (bits[index] ?? 0) | mask;
    return isSet;
  };
}

/** FNV-1a, with the last steps of MurmurHash3: ids that follow each other land far apart. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) h = Math.imul(h ^ text.charCodeAt(index), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
