/** What the user can mend: it is told without a stack. Anything else is a fault. */
export class UserError extends Error {
  override name = 'UserError';
}
