/** What the exit code of a command says. */
export const EXIT = {
  ok: 0,
  /** Something is stuck, or wrong with what is there. */
  wrong: 1,
  /** What was asked for makes no sense: nothing was done. */
  usage: 2,
  /** AWS did not answer, or did not let it: the same again may do. */
  aws: 3,
  /** As a shell reports SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
