/** A command as it is pasted into a shell. */
export const shellLine = (args: readonly string[]): string => args.map(quoted).join(' ');

/** As a shell takes it for one word. */
export const quoted = (arg: string): string =>
  /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`;
