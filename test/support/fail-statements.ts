import type { DisturbedCall } from './embedded-world.ts';

export interface Statement {
  readonly Statement: string;
  readonly Parameters: readonly unknown[];
}

/** A request, or a part of one, as text, to find out what it is about. Ids appear as `"11"`. */
export const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? '';

/** Lets a batch of statements succeed with some of them failed: these never reach the engine. */
export async function failStatements(
  { input, proceed }: DisturbedCall,
  isHit: (statement: Statement, index: number) => boolean,
  error: { readonly Code: string; readonly Message: string },
): Promise<unknown> {
  const hits = (input.Statements as Statement[]).map(isHit);
  const through = (input.Statements as Statement[]).filter((_, index) => !hits[index]);
  input.Statements = through;
  const answer = (through.length > 0 ? await proceed() : { output: { Responses: [], $metadata: {} } }) as {
    output: { Responses: unknown[] };
  };
  const responses = [...answer.output.Responses];
  answer.output.Responses = hits.map((hit) => (hit ? { Error: error } : (responses.shift() ?? {})));
  return answer;
}
