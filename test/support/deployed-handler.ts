import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inject, vi } from 'vitest';
import type { World } from './embedded-world.ts';
import { createApp, type Resource } from './synthesise.ts';

/** Which function of the stack. */
export type Construct = 'Inspector' | 'Checker' | 'Worker';

export interface Deployed<R> {
  readonly handler: (event: unknown, context?: unknown) => Promise<R>;
  readonly bytes: number;
}

/**
 * The handler as CDK would deploy it: its bundle from the cloud assembly, in the environment of the template.
 *
 * @param context of the deployment
 */
export async function deployedHandler<R>(
  construct: Construct,
  { tables, queueUrl }: Pick<World, 'tables' | 'queueUrl'>,
  context: Record<string, unknown> = {},
): Promise<Deployed<R>> {
  const { app, stack } = createApp({
    checker: construct === 'Checker',
    ...(construct === 'Worker' && { sourceBucket: 'a-source', targetBucket: 'a-target' }),
    ...context,
  });
  const { directory } = app.synth();
  const template = JSON.parse(readFileSync(join(directory, `${stack.stackName}.template.json`), 'utf8'));
  const resources = Object.entries(template.Resources as Record<string, Resource>);
  const deployed = resources.find(
    ([id, { Type }]) => Type === 'AWS::Lambda::Function' && id.startsWith(construct),
  )?.[1] as Resource;

  // What CloudFormation would put in the place of each Ref.
  const physical = (logicalId: string): string => {
    const name = Object.entries({
      Jobs: tables.jobs,
      Tasks: tables.tasks,
      Segments: tables.segments,
    });
    const table = name.find(([kind]) => logicalId.startsWith(`Metadata${kind}`));
    return table ? table[1] : queueUrl;
  };
  const variables: Record<string, string | { Ref: string }> = deployed.Properties.Environment.Variables;
  for (const [name, value] of Object.entries(variables))
    vi.stubEnv(name, typeof value === 'string' ? value : physical(value.Ref));

  // What Lambda sets by itself, and where the engines are.
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  const endpoints = {
    DYNAMODB: inject('dynamoEndpoint'),
    SQS: inject('sqsEndpoint'),
    S3: inject('s3Endpoint'),
  };
  for (const [service, endpoint] of Object.entries(endpoints))
    if (endpoint) vi.stubEnv(`AWS_ENDPOINT_URL_${service}`, endpoint);

  const [file, name] = (deployed.Properties.Handler as string).split('.') as [string, string];
  const asset = (deployed.Properties.Code.S3Key as string).replace('.zip', '');
  const bundle = join(directory, `asset.${asset}`, `${file}.mjs`);
  const module = await import(/* @vite-ignore */ pathToFileURL(bundle).href);
  return { handler: module[name], bytes: readFileSync(bundle).length };
}
