/** Where objects are copied from and to, as the worker sees it. It deletes nothing. */
export interface ObjectStore {
  /** The objects under a prefix, in the store's own order. */
  list(bucket: string, prefix: string): AsyncIterable<readonly ListedObject[]>;
  /** The object at an address, or undefined if there is none. */
  look(at: ObjectAddress): Promise<StoredObject | undefined>;
  /**
   * Bytes of an object, both ends included.
   *
   * @throws SourceChangedError if it is no longer the one that was looked at
   */
  read(object: StoredObject, range: ByteRange): Promise<Uint8Array>;
  /** Creates the target in one request. */
  copy(source: StoredObject, target: ObjectAddress): Promise<'created' | Refused>;
  /** Opens a copy in parts; what it is made of is not visible before `finish`. */
  openUpload(source: StoredObject, target: ObjectAddress): Promise<Upload>;
}

/** One copy in parts that is under way. */
export interface Upload {
  /** Copies one part; parts may come in any order, several at once. */
  copyPart(number: number, range: ByteRange): Promise<CopiedPart | Refused>;
  /** Creates the target from its parts, in ascending order of their numbers. */
  finish(parts: readonly CopiedPart[]): Promise<'created' | Refused>;
  /** Gives the parts up, also when the work as a whole has been aborted. Never throws. */
  abort(): Promise<void>;
}

/**
 * The store did not do it: the source is no longer the one that was looked at, or there is a target. It does not say
 * which; looking at both does.
 */
export type Refused = 'refused';

export interface ObjectAddress {
  readonly bucket: string;
  readonly key: string;
}

/** An object as a listing shows it. */
export interface ListedObject {
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  /** Another one means other bytes; without quotation marks. */
  readonly etag: string;
}

/** An object as it was when it was looked at. */
export interface StoredObject extends ObjectAddress, ListedObject {
  /** What the store says of the whole object's bytes, by algorithm: `md5`, `CRC64NVME`, … */
  readonly digests: Readonly<Record<string, string>>;
  /** The ETag of the source, on an object that a worker created. */
  readonly copiedFrom?: string;
  /** What a copy takes along. */
  readonly headers: ObjectHeaders;
}

export interface ObjectHeaders {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly contentLanguage?: string;
  readonly contentDisposition?: string;
  readonly cacheControl?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** First and last byte, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export interface CopiedPart {
  readonly number: number;
  readonly etag: string;
}

/** Thrown when an object was replaced or removed while it was being read. */
export class SourceChangedError extends Error {
  override name = 'SourceChangedError';
}
