/** A task of thousands of mappings may have as many issues. */
const MAX_ISSUES_LISTED = 3;

/** Counts what is wrong, and words only what is listed. */
export interface Issues {
  add(issue: () => string): void;
  /** The first of them and how many more, or undefined if there are none. */
  list(): string | undefined;
}

export function createIssues(): Issues {
  const listed: string[] = [];
  let more = 0;
  return {
    add(issue) {
      if (listed.length < MAX_ISSUES_LISTED) listed.push(issue());
      else more++;
    },
    list: () =>
      listed.length === 0 ? undefined : [...listed, ...(more > 0 ? [`and ${more} more`] : [])].join('; '),
  };
}
