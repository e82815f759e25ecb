/** What is wrong with what was submitted. */
export interface Issue {
  /** The line it is on; a mapping of unknown origin counts as a line. */
  readonly line?: number | undefined;
  readonly field?: string | undefined;
  readonly reason: string;
}

/** A list of the wrong kind has nothing but issues. */
const MAX_ISSUES_LISTED = 20;

/** The first issues, and how many there are. */
export interface Issues {
  readonly listed: readonly Issue[];
  readonly total: number;
}

export function collectIssues(): Issues & { add(issue: Issue): void } {
  const listed: Issue[] = [];
  let total = 0;
  return {
    listed,
    get total() {
      return total;
    },
    add(issue) {
      total++;
      if (listed.length < MAX_ISSUES_LISTED) listed.push(issue);
    },
  };
}
