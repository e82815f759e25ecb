import type {
  ByteRange,
  ObjectAddress,
  ObjectStore,
  StoredObject,
} from '../../functions/worker-s3/object-store.ts';
import { SourceChangedError } from '../../functions/worker-s3/object-store.ts';

/** A run of bytes of some original, so that an object of 300 MiB takes no memory. */
interface Extent extends ByteRange {
  readonly of: string;
}

export interface MemoryObject {
  readonly extents: readonly Extent[];
  readonly etag: string;
  readonly copiedFrom?: string;
}

/** What was asked of the store, in its order. */
export type StoreCall =
  | { readonly kind: 'copy'; readonly key: string }
  | { readonly kind: 'part'; readonly key: string; readonly number: number; readonly range: ByteRange }
  | { readonly kind: 'open' | 'finish' | 'abort'; readonly key: string };

/** The ETag of an original, unless it has another one. */
const FIRST = 'original';

/** An object store that knows where each byte came from, and keeps none. */
export function memoryObjectStore() {
  const objects = new Map<string, MemoryObject>();
  const calls: StoreCall[] = [];
  let uploads = 0;
  let inFlight = 0;
  let mostInFlight = 0;
  const pathOf = ({ bucket, key }: ObjectAddress): string => `${bucket}/${key}`;
  const sizeOf = ({ extents }: MemoryObject): number =>
    extents.reduce((size, { first, last }) => size + last - first + 1, 0);
  const originalOf = (source: ObjectAddress): string => objects.get(pathOf(source))?.extents[0]?.of ?? '';
  const isSame = (source: StoredObject): boolean => objects.get(pathOf(source))?.etag === source.etag;
  const flying = async <T>(answer: () => T): Promise<T> => {
    mostInFlight = Math.max(mostInFlight, ++inFlight);
    await new Promise(setImmediate);
    inFlight--;
    return answer();
  };

  const store: ObjectStore = {
    async *list(bucket, prefix) {
      const found = [...objects].filter(([path]) => path.startsWith(`${bucket}/${prefix}`));
      yield found
        .map(([path, object]) => ({
          key: path.slice(bucket.length + 1),
          size: sizeOf(object),
          etag: object.etag,
        }))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
    },

    look: (at) =>
      flying(() => {
        const object = objects.get(pathOf(at));
        if (!object) return undefined;
        const { etag, copiedFrom } = object;
        const found = { ...at, size: sizeOf(object), etag, digests: {}, headers: { metadata: {} } };
        return { ...found, ...(copiedFrom !== undefined && { copiedFrom }) };
      }),

    async read(object) {
      throw new SourceChangedError(`${object.key} has no bytes`);
    },

    copy: (source, target) =>
      flying(() => {
        calls.push({ kind: 'copy', key: target.key });
        if (!isSame(source) || objects.has(pathOf(target))) return 'refused';
        objects.set(pathOf(target), {
          extents: objects.get(pathOf(source))?.extents ?? [],
          etag: source.etag,
          copiedFrom: source.etag,
        });
        return 'created';
      }),

    async openUpload(source, target) {
      const { key } = target;
      calls.push({ kind: 'open', key });
      uploads++;
      const taken = new Map<number, Extent>();
      return {
        copyPart: (number, range) =>
          flying(() => {
            calls.push({ kind: 'part', key, number, range });
            if (!isSame(source)) return 'refused';
            taken.set(number, { of: originalOf(source), ...range });
            return { number, etag: `part-${number}` };
          }),
        finish: (parts) =>
          flying(() => {
            calls.push({ kind: 'finish', key });
            const isAscending = parts.every(({ number }, index) => number > (parts[index - 1]?.number ?? 0));
            if (!isAscending) throw new Error('InvalidPartOrder');
            if (objects.has(pathOf(target))) return 'refused';
            const extents = parts.map(({ number }) => taken.get(number) as Extent);
            objects.set(pathOf(target), { extents, etag: `parts-${parts.length}`, copiedFrom: source.etag });
            uploads--;
            return 'created';
          }),
        async abort() {
          calls.push({ kind: 'abort', key });
          uploads--;
        },
      };
    },
  };

  return {
    store,
    calls,
    openUploads: () => uploads,
    mostInFlight: () => mostInFlight,
    /** An original of so many bytes; a later one of the same name needs another ETag. */
    put(at: ObjectAddress, size: number, etag = FIRST): void {
      const of = etag === FIRST ? pathOf(at) : `${pathOf(at)}@${etag}`;
      objects.set(pathOf(at), { extents: [{ of, first: 0, last: size - 1 }], etag });
    },
    remove: (at: ObjectAddress): boolean => objects.delete(pathOf(at)),
    /** Where the bytes of an object came from, neighbouring runs joined. */
    extents(at: ObjectAddress): Extent[] {
      const joined: Extent[] = [];
      for (const extent of objects.get(pathOf(at))?.extents ?? []) {
        const before = joined.at(-1);
        if (before?.of === extent.of && before.last + 1 === extent.first)
          joined.splice(-1, 1, { ...before, last: extent.last });
        else joined.push(extent);
      }
      return joined;
    },
  };
}
