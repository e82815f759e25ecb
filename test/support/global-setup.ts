import type { TestProject } from 'vitest/node';
import { startEngines } from '../../engines/start-engines.ts';

declare module 'vitest' {
  interface ProvidedContext {
    dynamoEndpoint: string;
    sqsEndpoint: string;
  }
}

/** One pair of engines for the whole run; each world has tables and a queue of its own. */
export default async function startEnginesForTests(project: TestProject): Promise<() => Promise<void>> {
  const engines = await startEngines();
  project.provide('dynamoEndpoint', engines.dynamo.endpoint);
  project.provide('sqsEndpoint', engines.sqs.endpoint);
  return () => engines.stop();
}
