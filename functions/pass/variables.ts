/** The environment of a function, as the stack sets it. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** @throws Error that names the variable */
export function required(env: Variables, name: string): string {
  const value = env[name];
  if (!value)
    throw new Error(
      `environment variable ${name} is not set; the stack sets it when it deploys the function`,
    );
  return value;
}

/** @throws Error that names the variable */
export function positive(env: Variables, name: string, otherwise: number): number {
  const value = env[name];
  if (value === undefined || value === '') return otherwise;
  if (!/^[1-9]\d*$/.test(value))
    throw new Error(`environment variable ${name} must be a whole number above 0, is "${value}"`);
  return Number(value);
}
