import { type BundlingOptions, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';

/**
 * Where the SDK looks for credentials when the environment has none. Lambda puts them into the environment; these
 * modules, a quarter of the bundle, are loaded only after that.
 */
const OTHER_CREDENTIAL_PROVIDERS = [
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
  // Lambda logs an error under the name of its class.
  keepNames: true,
  target: 'node24',
  mainFields: ['module', 'main'],
  // The SDK of the runtime changes under a function; this one is tested with the one it ships.
  bundleAwsSDK: true,
  externalModules: OTHER_CREDENTIAL_PROVIDERS,
  // What is CommonJS in the bundle asks for Node's own modules with `require`.
  banner: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
};
