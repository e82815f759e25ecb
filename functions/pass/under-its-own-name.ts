/**
 * A handler whose errors have a class of their own name. Lambda logs an error under the name of its class, which minifying
 * has shortened to a letter or two; to have esbuild keep the names of everything would be 7 % of the bundle.
 */
export const underItsOwnName =
  <A extends unknown[], R>(handler: (...args: A) => Promise<R>) =>
  async (...args: A): Promise<R> => {
    try {
      return await handler(...args);
    } catch (error) {
      nameClassOf(error);
      throw error;
    }
  };

/** The errors of the language and of Node inherit their names: their classes are not ours to rename. */
function nameClassOf(error: unknown): void {
  if (!(error instanceof Error) || error.constructor === Error || !Object.hasOwn(error, 'name')) return;
  Object.defineProperty(error.constructor, 'name', { value: error.name, configurable: true });
}
