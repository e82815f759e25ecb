import { join } from 'node:path';
import { build } from 'esbuild';
import { esbuildOptions } from './esbuild-options.ts';

/** What a part of a bundle weighs. */
export interface Weight {
  readonly what: string;
  readonly bytes: number;
}

const OWN = 'this project';
const ROOM = join(import.meta.dirname, '..', '..', 'functions', 'inspector');

/** Packages that are one thing to whoever reads the table. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/^@aws-sdk\/client-dynamodb$/, 'client of DynamoDB'],
  [/^@aws-sdk\/client-sqs$/, 'client of SQS'],
  [/^@aws-sdk\/(lib|util)-dynamodb$/, 'document client'],
  [/credential|token-providers|nested-clients|^@aws-sdk\/client-sso/, 'credentials'],
  [/^@(aws-sdk|smithy|aws-crypto|aws)\//, "the SDK's core: HTTP, signatures, retries, endpoints"],
  [/^@aws-lambda-powertools\//, 'logger'],
];

/** What is in the inspector's bundle, the heaviest first. */
export async function weigh(): Promise<Weight[]> {
  const { metafile } = await build({
    ...esbuildOptions,
    entryPoints: [join(ROOM, 'handler.ts')],
    outfile: 'inspector.mjs',
    metafile: true,
    write: false,
  });
  const bytes = new Map<string, number>();
  for (const { inputs } of Object.values(metafile.outputs))
    for (const [input, { bytesInOutput }] of Object.entries(inputs))
      bytes.set(familyOf(input), (bytes.get(familyOf(input)) ?? 0) + bytesInOutput);
  return [...bytes].map(([what, sum]) => ({ what, bytes: sum })).sort((a, b) => b.bytes - a.bytes);
}

function familyOf(input: string): string {
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input) ?? [];
  if (name === undefined) return OWN;
  return FAMILIES.find(([pattern]) => pattern.test(name))?.[1] ?? name;
}
