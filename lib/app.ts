import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { readConfiguration } from './configuration.ts';
import { InspectorStack } from './inspector-stack.ts';

const app = new App();
// Without an account, the CDK's command says us-east-1 and means nothing by it.
const region = process.env.CDK_DEFAULT_ACCOUNT ? process.env.CDK_DEFAULT_REGION : undefined;
new InspectorStack(app, 'CopySegmentInspector', readConfiguration(app.node, region));
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
