import { type BundlingOptions, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';

/**
 * What the SDK imports only when it comes to it, a third of the bundle. Where it looks for credentials when the
 * environment has none: Lambda puts them there. And event streams: no operation of DynamoDB or SQS answers with one.
 */
const NEVER_LOADED = [
  '@smithy/core/event-streams',
  '@aws-sdk/credential-provider-http',
  '@aws-sdk/credential-provider-ini',
  '@aws-sdk/credential-provider-process',
  '@aws-sdk/credential-provider-sso',
  '@aws-sdk/credential-provider-web-identity',
  '@smithy/credential-provider-imds',
];

/** How TypeScript becomes the code of a function. */
export const BUNDLING: BundlingOptions = {
  format: OutputFormat.ESM,
  minify: true,
  target: 'node24',
  mainFields: ['module', 'main'],
  // The SDK of the runtime changes under a function; this one is tested with the one it ships.
  bundleAwsSDK: true,
  externalModules: NEVER_LOADED,
  // What is CommonJS in the bundle asks for Node's own modules with `require`.
  banner: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
};
