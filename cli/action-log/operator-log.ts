import { randomUUID } from 'node:crypto';
import { type ActionLog, actionLine } from '../../functions/pass/action-log.ts';
import { type ActionRecord, actionRecord } from '../../functions/pass/action-record.ts';
import type { Connection } from '../connection/connection.ts';
import type { Output } from '../surroundings.ts';
import { countOf } from '../terminal/count-of.ts';
import { logGroupsOf } from './insights.ts';
import { createLogStream, type LogStream } from './log-stream.ts';

/** As the lines of the functions name theirs. */
export const SERVICE = 'copy-segment-cli';

/** The many items that one command wrote, as one line. */
export type WholeRecord = Omit<ActionRecord, 'passId' | 'table' | 'what' | 'before'> & {
  readonly what: 'submitted' | 'failed' | 'loaded';
  readonly table: ActionRecord['table'] | 'all';
};

/** The record of what a command changes, beside that of the functions: who changed what, when and why. */
export interface OperatorLog {
  /** For the changes of one run, or of one pass by its id. */
  ofRun(passId?: string): ActionLog;
  /** For a command that writes so many items that each of them tells nothing. */
  whole(record: WholeRecord): void;
  /** Resolves once every line is where it belongs. A line that the log refuses is told, and its change stands. */
  end(): Promise<void>;
}

export interface OperatorLogProps {
  readonly connection: Pick<Connection, 'aws' | 'inspector' | 'checker'>;
  readonly who: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Whether a program reads the output: then lines without a log go to standard error. */
  readonly isJson: boolean;
  readonly err: Output;
}

export function createOperatorLog({ connection, who, now, isJson, err }: OperatorLogProps): OperatorLog {
  const [group] = logGroupsOf(connection);
  let stream: LogStream | undefined;

  const open = (): LogStream => {
    if (group === undefined) return linesTo(isJson ? err : undefined);
    return createLogStream({
      client: connection.aws.logs,
      group,
      name: streamName(who, now()),
      async onRefused(lines, reason) {
        const what = `${countOf(lines.length, 'line')} of what was changed`;
        await err.write(`The log ${group} did not take ${what} (${reason}):\n${lines.join('\n')}\n`);
      },
    });
  };

  const write = (record: object): void => {
    const timestamp = now();
    const head = { service: SERVICE, timestamp: new Date(timestamp).toISOString(), who };
    stream ??= open();
    stream.add({ timestamp, message: actionLine(head, record) });
  };

  return {
    ofRun(passId = randomUUID()) {
      return (change, end) => {
        if (end === 'done') write(actionRecord(passId, change));
      };
    },
    whole(record) {
      // Without a log: what the command prints at its end says as much.
      if (group !== undefined) write({ passId: randomUUID(), before: {}, ...record });
    },
    end: async () => stream?.end(),
  };
}

/** What was changed is on the screen already: there, lines would say it twice. */
const linesTo = (output: Output | undefined): LogStream => {
  let written: Promise<void> = Promise.resolve();
  return {
    add({ message }) {
      if (output) written = written.then(() => output.write(`${message}\n`));
    },
    end: () => written,
  };
};

/** Colons and asterisks are not allowed; 512 characters are. */
const streamName = (who: string, now: number): string =>
  [
    'operator',
    new Date(now).toISOString().slice(0, 10),
    who.replace(/[^\p{L}\p{N}@._-]+/gu, '-').slice(0, 100),
    randomUUID(),
  ].join('/');
