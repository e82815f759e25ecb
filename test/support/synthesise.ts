import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll } from 'vitest';
import { readConfiguration } from '../../lib/configuration.ts';
import { InspectorStack } from '../../lib/inspector-stack.ts';

/** The context that cdk.json gives every deployment. */
const { context } = JSON.parse(readFileSync(join(import.meta.dirname, '../../cdk.json'), 'utf8'));

/** Who is told of alarms, unless the test says otherwise: a stack whose alarms nobody hears of warns. */
const ON_CALL = 'arn:aws:sns:us-east-1:123456789012:on-call';

const assemblies: string[] = [];
afterAll(() => {
  for (const assembly of assemblies) rmSync(assembly, { recursive: true, force: true });
});

export function createApp(overrides: Record<string, unknown> = {}): { app: App; stack: InspectorStack } {
  const outdir = mkdtempSync(join(tmpdir(), 'cloud-assembly-'));
  assemblies.push(outdir);
  const app = new App({ outdir, context: { ...context, alarmTopicArn: ON_CALL, ...overrides } });
  return { app, stack: new InspectorStack(app, 'CopySegmentInspector', readConfiguration(app.node)) };
}

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation properties are as deep as they are
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** The template, without the code: bundling is left to the suite that runs it. */
export function synthesise(overrides: Record<string, unknown> = {}) {
  const { stack } = createApp({ 'aws:cdk:bundling-stacks': [], ...overrides });
  const template = Template.fromStack(stack);
  const { Resources: resources, Outputs: outputs } = template.toJSON() as {
    Resources: Record<string, Resource>;
    Outputs: Record<string, { Value: unknown }>;
  };
  const ofType = (type: string): Resource[] => Object.values(resources).filter(({ Type }) => Type === type);
  const only = (type: string): Resource => {
    const found = ofType(type);
    if (found.length !== 1) throw new Error(`${found.length} resources of type ${type}`);
    return found[0] as Resource;
  };
  return { resources, outputs, ofType, only };
}
