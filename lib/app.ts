import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { InvalidConfigurationError, readConfiguration } from './configuration.ts';
import { InspectorStack } from './inspector-stack.ts';

const app = new App();
// Without credentials the CDK's command line says us-east-1, whatever the account will be.
const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
try {
  new InspectorStack(
    app,
    'CopySegmentInspector',
    readConfiguration(app.node, account ? { account, region } : {}),
  );
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
} catch (error) {
  if (!(error instanceof InvalidConfigurationError)) throw error;
  process.stderr.write(`${error.message}\n`);
  // The CDK synthesises when the process is about to end, unless it ends like this.
  process.exit(1);
}
