import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { readConfiguration } from './configuration.ts';
import { InspectorStack } from './inspector-stack.ts';

const app = new App();
new InspectorStack(app, 'CopySegmentInspector', readConfiguration(app.node, process.env.CDK_DEFAULT_REGION));
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
