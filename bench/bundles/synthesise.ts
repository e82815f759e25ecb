import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { readConfiguration } from '../../lib/configuration.ts';
import { InspectorStack } from '../../lib/inspector-stack.ts';

interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation properties are as deep as they are
  readonly Properties: any;
}

/** A function as it is deployed. */
export interface DeployedFunction {
  /** `inspector`, `checker`, `worker`. */
  readonly name: string;
  /** Its bundle. */
  readonly file: string;
  readonly memoryMiB: number;
  readonly variables: Readonly<Record<string, string>>;
}

export interface Deployment {
  readonly functions: readonly DeployedFunction[];
  /** How many resources of a type there are, such as `AWS::CloudWatch::Dashboard`. */
  count(type: string): number;
  /** How many functions poll a queue; those that read a stream do so free of charge. */
  readonly polledQueues: number;
  /** How many metrics its alarms watch: some watch a sum. */
  readonly alarmMetrics: number;
  remove(): Promise<void>;
}

const ROOT = join(import.meta.dirname, '..', '..');

/** What `cdk deploy` would create. */
export async function synthesise(context: Readonly<Record<string, unknown>> = {}): Promise<Deployment> {
  const outdir = await mkdtemp(join(tmpdir(), 'copy-segment-bench-'));
  const cdk = JSON.parse(await readFile(join(ROOT, 'cdk.json'), 'utf8'));
  const app = new App({ outdir, context: { ...cdk.context, ...context } });
  const stack = new InspectorStack(app, 'CopySegmentInspector', readConfiguration(app.node));
  const { directory } = app.synth();
  const template = JSON.parse(await readFile(join(directory, `${stack.stackName}.template.json`), 'utf8'));
  const resources = Object.entries(template.Resources as Record<string, Resource>);
  return {
    functions: resources.flatMap(([id, { Type, Properties }]) => {
      if (Type !== 'AWS::Lambda::Function' || Properties.Code?.S3Key === undefined) return [];
      const [module] = Properties.Handler.split('.');
      const variables = Object.entries(Properties.Environment?.Variables ?? {});
      return {
        name: (/^[A-Z][a-z]+/.exec(id)?.[0] ?? id).toLowerCase(),
        file: join(directory, `asset.${Properties.Code.S3Key.replace('.zip', '')}`, `${module}.mjs`),
        memoryMiB: Properties.MemorySize,
        // A name that CloudFormation would put there is as good as any.
        variables: Object.fromEntries(
          variables.map(([name, value]) => [name, typeof value === 'string' ? value : 'a-name']),
        ),
      };
    }),
    count: (type) => resources.filter(([, { Type }]) => Type === type).length,
    polledQueues: resources.filter(
      ([, { Type, Properties }]) =>
        Type === 'AWS::Lambda::EventSourceMapping' && Properties.StartingPosition === undefined,
    ).length,
    alarmMetrics: resources
      .filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm')
      .flatMap(([, { Properties }]) => Properties.Metrics ?? [Properties])
      .filter(({ MetricStat, MetricName }) => MetricStat ?? MetricName).length,
    remove: () => rm(outdir, { recursive: true, force: true }),
  };
}
