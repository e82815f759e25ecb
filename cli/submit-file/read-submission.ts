import { compareIds } from '../../functions/copy-segment/ids.ts';
import type { SubmittedJob } from '../../functions/copy-segment/submission.ts';
import { collectIssues } from '../../functions/submit/issues.ts';
import type { Mapping, MappingSource } from '../../functions/submit/mapping-source.ts';
import { openRecord } from '../restore-file/open-record.ts';
import { type Line, textOf } from '../restore-file/read-lines.ts';
import type { LineSource } from '../restore-file/restore.ts';
import {
  mappingMessage,
  readMessage,
  type SubmissionRecord,
  submissionMessage,
} from './submission-record.ts';
import { UnreadableSubmissionError } from './unreadable-submission-error.ts';

export interface SubmissionFile {
  readonly job: SubmittedJob;
  /** The line of the job. */
  readonly line: number;
  /** @throws UnreadableSubmissionError at the end of a reading that found lines that are no mappings */
  readonly mappings: MappingSource;
}

/**
 * Reads a submission: NDJSON, `{"job": …}` on its first line, with its `idMappings` or followed by a line
 * `{"mapping": …}` for each of them. One line is held at a time; so is a list, which is brought into order.
 *
 * @throws UnreadableSubmissionError when the first line is no job
 */
export async function readSubmission(lines: LineSource): Promise<SubmissionFile> {
  for await (const line of lines()) {
    const record = readJob(line);
    const list = record.idMappings?.map((mapping, index) => ({
      ...mapping,
      origin: { line: line.number, path: `idMappings.${index}` },
    }));
    list?.sort((a, b) => compareIds(a.sourceSegmentId, b.sourceSegmentId));
    return {
      job: jobOf(record),
      line: line.number,
      mappings: () => mappingsOf(lines, record.totalSegments, list),
    };
  }
  throw refused(undefined, 'the file is empty; its first line must be {"job":{…}}');
}

function readJob(line: Line): SubmissionRecord {
  let opened: ReturnType<typeof openRecord>;
  try {
    opened = openRecord(textOf(line), ['job', 'mapping']);
  } catch (error) {
    throw refused(line.number, (error as Error).message);
  }
  if (opened.kind !== 'job') throw refused(line.number, 'must be {"job":{…}}: the first line is the job');
  const read = readMessage(submissionMessage, opened.value, line.number);
  if ('value' in read) return read.value;
  const issues = collectIssues();
  for (const issue of read.issues) issues.add(issue);
  throw new UnreadableSubmissionError(issues);
}

function refused(line: number | undefined, reason: string): UnreadableSubmissionError {
  const issues = collectIssues();
  issues.add({ line, reason });
  return new UnreadableSubmissionError(issues);
}

// Proto3 JSON may write a field that has its default value: no id, no name.
const jobOf = ({ timeoutTs, timeoutAt, sourceCollectionId, snapshotName, ...record }: SubmissionRecord) => ({
  jobId: record.jobId,
  collectionId: record.collectionId,
  timeoutAt: timeoutAt ?? timeoutTs,
  source: record.source,
  target: record.target,
  sourceCollectionId: sourceCollectionId || undefined,
  snapshotName: snapshotName || undefined,
});

/** The mappings of the list, if there is one, or those of the lines after the first one. */
async function* mappingsOf(
  lines: LineSource,
  totalSegments: number | undefined,
  list: readonly Mapping[] | undefined,
): AsyncGenerator<Mapping> {
  const issues = collectIssues();
  let count = list?.length ?? 0;
  if (list) yield* list;
  let isFirst = true;
  for await (const line of lines()) {
    if (isFirst) {
      isFirst = false;
      continue;
    }
    count++;
    const mapping = readMapping(line, list !== undefined);
    if ('value' in mapping) yield { ...mapping.value, origin: { line: line.number } };
    else for (const issue of mapping.issues) issues.add(issue);
  }
  if (totalSegments !== undefined && totalSegments !== count)
    issues.add({
      line: 1,
      field: 'totalSegments',
      reason: `is ${totalSegments}, but there are ${count} mappings`,
    });
  if (issues.total > 0) throw new UnreadableSubmissionError(issues);
}

function readMapping(line: Line, hasList: boolean): ReturnType<typeof readMessage<typeof mappingMessage>> {
  const because = (reason: string) => ({ issues: [{ line: line.number, reason }] });
  try {
    const { kind, value } = openRecord(textOf(line), ['job', 'mapping']);
    if (kind === 'job') return because('is a second job; a file has one');
    if (hasList) return because('is a mapping beside the idMappings of the job; a file has one of the two');
    return readMessage(mappingMessage, value, line.number);
  } catch (error) {
    return because((error as Error).message);
  }
}
