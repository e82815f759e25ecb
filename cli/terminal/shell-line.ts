/** A command as it is pasted into a shell. */
export const shellLine = (args: readonly string[]): string => args.map(quoted).join(' ');

const quoted = (arg: string): string =>
  /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`;
