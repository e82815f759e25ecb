import { userInfo } from 'node:os';
import { describeError } from '../functions/copy-segment/describe-error.ts';

/** Whoever acts: named, or whoever is logged in on this machine. */
export function whoActs({ who }: { readonly who?: string | undefined }): string {
  if (who !== undefined) return who;
  try {
    return userInfo().username;
  } catch (error) {
    // A user id without a name, as in some containers.
    return `an operator (${describeError(error)})`;
  }
}
