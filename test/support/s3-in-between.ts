import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export type S3Operation =
  | 'ListObjectsV2'
  | 'HeadObject'
  | 'GetObject'
  | 'PutObject'
  | 'CopyObject'
  | 'CreateMultipartUpload'
  | 'UploadPartCopy'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'Other';

/** A request on its way to S3. */
export interface S3Request {
  readonly operation: S3Operation;
  readonly bucket: string;
  /** Of a listing, the prefix. */
  readonly key: string;
  readonly headers: IncomingHttpHeaders;
  /** Counts the requests from 1. */
  readonly number: number;
}

/**
 * What happens at the wire. `drop`: the connection breaks before S3 has the request; `dropAnswer`: S3 does what it is
 * asked, and the connection breaks before the answer.
 */
export type Fault = 'none' | 'drop' | 'dropAnswer' | { readonly status: number; readonly code: string };

/** A request that S3 has carried out. */
export interface Carried extends S3Request {
  readonly status: number;
}

/** S3 with somebody in between who may break it. */
export async function s3InBetween(
  engine: string,
  faultOf: (request: S3Request) => Fault | Promise<Fault> = () => 'none',
) {
  const carried: Carried[] = [];
  const uploads = new Map<string, OpenUpload>();
  let number = 0;
  const underWay = new Set<Promise<void>>();
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await buffer(incoming);
    const url = new URL(incoming.url ?? '/', engine);
    const [bucket = '', ...rest] = decodeURIComponent(url.pathname).slice(1).split('/');
    const operation = operationOf(incoming.method ?? '', url.searchParams, incoming.headers);
    const key = rest.join('/') || (url.searchParams.get('prefix') ?? '');
    const request = { operation, bucket, key, headers: incoming.headers, number: ++number };
    const fault = await faultOf(request);
    if (fault === 'drop') return void incoming.socket.destroy();
    if (typeof fault === 'object') {
      outgoing.writeHead(fault.status, { 'content-type': 'application/xml' });
      const xml = `<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>injected</Message></Error>`;
      return void outgoing.end(incoming.method === 'HEAD' ? undefined : xml);
    }
    const answered = await fetch(url, {
      method: incoming.method ?? 'GET',
      headers: passedOn(incoming.headers),
      ...(body.length > 0 && { body }),
    });
    const bytes = Buffer.from(await answered.arrayBuffer());
    carried.push({ ...request, status: answered.status });
    const uploadId =
      url.searchParams.get('uploadId') ?? /<UploadId>(.+)<\/UploadId>/.exec(bytes.toString())?.[1];
    if (operation === 'CreateMultipartUpload' && uploadId)
      uploads.set(uploadId, { bucket, key: request.key, uploadId });
    if (ENDS_UPLOAD.includes(operation) && answered.ok && uploadId) uploads.delete(uploadId);
    if (fault === 'dropAnswer') return void incoming.socket.destroy();
    const headers = Object.fromEntries(answered.headers);
    outgoing.writeHead(answered.status, headers);
    outgoing.end(incoming.method === 'HEAD' ? undefined : bytes);
  };
  const server = createServer((...exchange) => {
    const work = answer(...exchange).finally(() => underWay.delete(work));
    underWay.add(work);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    carried,
    /** The uploads that were opened, and neither finished nor given up. */
    openUploads: (): OpenUpload[] => [...uploads.values()],
    /** Ends when what has reached S3 has taken its course, whoever waits for an answer. */
    async close() {
      await Promise.all(underWay);
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface OpenUpload {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
}

const ENDS_UPLOAD: readonly S3Operation[] = ['CompleteMultipartUpload', 'AbortMultipartUpload'];
const CREATIONS: readonly S3Operation[] = ['CopyObject', 'CompleteMultipartUpload', 'PutObject'];

/** How often each object was written. */
export function writesByKey(carried: readonly Carried[]): Record<string, number> {
  const written = carried.filter(({ operation, status }) => CREATIONS.includes(operation) && status === 200);
  return Object.fromEntries(
    [...Map.groupBy(written, ({ key }) => key)].map(([key, all]) => [key, all.length]),
  );
}

function operationOf(method: string, query: URLSearchParams, headers: IncomingHttpHeaders): S3Operation {
  const isCopy = headers['x-amz-copy-source'] !== undefined;
  if (method === 'GET') return query.has('list-type') ? 'ListObjectsV2' : 'GetObject';
  if (method === 'HEAD') return 'HeadObject';
  if (method === 'PUT' && isCopy) return query.has('partNumber') ? 'UploadPartCopy' : 'CopyObject';
  if (method === 'PUT') return 'PutObject';
  if (method === 'POST' && query.has('uploads')) return 'CreateMultipartUpload';
  if (method === 'POST' && query.has('uploadId')) return 'CompleteMultipartUpload';
  if (method === 'DELETE' && query.has('uploadId')) return 'AbortMultipartUpload';
  return 'Other';
}

const passedOn = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).filter(
      (header): header is [string, string] =>
        /^(x-amz-|if-|content-type|content-encoding|range|authorization)/.test(header[0]) &&
        typeof header[1] === 'string',
    ),
  );
