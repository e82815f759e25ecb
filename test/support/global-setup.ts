import type { TestProject } from 'vitest/node';
import { startEngines, startObjectEngine } from '../../engines/start-engines.ts';

declare module 'vitest' {
  interface ProvidedContext {
    dynamoEndpoint: string;
    sqsEndpoint: string;
    s3Endpoint: string;
  }
}

/** One set of engines for the whole run; each world has tables, a queue and buckets of its own. */
export default async function startEnginesForTests(project: TestProject): Promise<() => Promise<void>> {
  const engines = await startEngines();
  const objects = await startObjectEngine();
  project.provide('dynamoEndpoint', engines.dynamo.endpoint);
  project.provide('sqsEndpoint', engines.sqs.endpoint);
  project.provide('s3Endpoint', objects.s3.endpoint);
  return async () => {
    await Promise.all([engines.stop(), objects.stop()]);
  };
}
