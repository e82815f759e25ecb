import type { buildApp } from 'fauxqs';
import pLimit from 'p-limit';

type App = ReturnType<typeof buildApp>;

const REFUSAL = (condition: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>PreconditionFailed</Code><Message>At least one of the pre-conditions you specified did not hold</Message><Condition>${condition}</Condition></Error>`;

/**
 * Answers 412 as S3 does where the emulator would write: a target that must not be there is (`If-None-Match: *`), or a
 * source is not the one that was named (`x-amz-copy-source-if-match`). A source that is missing is left to it.
 */
export function answerPreconditions(app: App): void {
  const etagAt = async (path: string): Promise<string | undefined> => {
    const { statusCode, headers } = await app.inject({ method: 'HEAD', url: path });
    return statusCode === 200 ? String(headers.etag).replaceAll('"', '') : undefined;
  };
  // One write at a time: nothing may come between the look and the write.
  const oneAtATime = pLimit(1);

  app.addHook('preHandler', async (request, reply) => {
    const { 'if-none-match': ifNoneMatch, ...headers } = request.headers;
    const source = asText(headers['x-amz-copy-source']);
    const wanted = asText(headers['x-amz-copy-source-if-match']);
    if (!['PUT', 'POST'].includes(request.method) || (ifNoneMatch === undefined && wanted === undefined))
      return;

    const failed = await new Promise<string | undefined>((resolve, reject) => {
      const judge = async (): Promise<string | undefined> => {
        const found = source && wanted ? await etagAt(`/${source.replace(/^\//, '')}`) : undefined;
        if (found !== undefined && found !== wanted?.replaceAll('"', '')) return 'x-amz-copy-source-If-Match';
        const path = request.url.split('?')[0] ?? '';
        return ifNoneMatch === '*' && (await etagAt(path)) !== undefined ? 'If-None-Match' : undefined;
      };
      oneAtATime(async () => {
        const condition = await judge();
        const closed = new Promise((done) => reply.raw.once('close', done));
        resolve(condition);
        if (!reply.raw.closed) await closed;
      }).catch(reject);
    });
    if (failed !== undefined)
      return reply.status(412).header('content-type', 'application/xml').send(REFUSAL(failed));
  });
}

const asText = (header: string | string[] | undefined): string | undefined => [header].flat()[0];
