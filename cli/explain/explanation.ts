import type { Level } from './condition.ts';

/** What mends it, or what to wait for. */
export type Remedy =
  | { readonly kind: 'nothing'; readonly why: string }
  | {
      readonly kind: 'wait';
      /** Epoch milliseconds; undefined: nobody knows. */
      readonly until?: number | undefined;
      readonly what: string;
      /** What to do if it does not come. */
      readonly otherwise?: Step | undefined;
    }
  | {
      readonly kind: 'do';
      /** What only a person can do, before anything else. */
      readonly first?: string | undefined;
      /** One after the other. */
      readonly steps: readonly Step[];
      readonly otherwise?: Step | undefined;
    };

/** A command, without the options that name the deployment, and what it brings about. */
export interface Step {
  /** `aws` for the AWS CLI, `npx` for a tool of this project; otherwise this program. */
  readonly program?: 'aws' | 'npx';
  readonly args: readonly string[];
  readonly effect: string;
}

/** Why something is where it is. */
export interface Explanation {
  /** `task 1/4`. */
  readonly subject: string;
  readonly level: Level;
  /** The condition, in a word. */
  readonly kind: string;
  readonly headline: string;
  /** In the order in which somebody asks. */
  readonly lines: readonly (readonly [title: string, text: string])[];
  readonly remedy: Remedy;
  readonly notRead: readonly string[];
}
