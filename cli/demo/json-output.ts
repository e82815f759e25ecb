import type { World } from '../../engines/world.ts';
import { addTables, createJsonDocument } from './json-document.ts';
import type { RunOutput } from './run-output.ts';

/**
 * Tells a run to a program, in one JSON document that is written as it happens: the tables `before`, the `passes`, each
 * with its `events` (verdicts, changes, messages) in their order and its `report`, the `messages` in the queue, and the tables `after`.
 */
export function createJsonOutput(world: World, write: (text: string) => void): RunOutput {
  const document = createJsonDocument(write);
  return {
    async loaded() {
      document.open('{');
      await addTables(document, 'before', world);
      document.open('[', 'passes');
    },
    passBegins() {
      document.open('{');
      document.open('[', 'events');
    },
    observe: {
      onVerdict: (verdict) => document.element({ verdict }),
      onChange: (change, outcome) => document.element({ change, outcome }),
      onMessage: ({ body }) => document.element({ message: body }),
    },
    passEnds(report) {
      document.close();
      document.field('report', report);
      document.close();
    },
    async end() {
      document.close();
      document.open('[', 'messages');
      for await (const message of world.receive()) document.element(message);
      document.close();
      await addTables(document, 'after', world);
      document.close();
    },
  };
}

/** For `--watch`, which has no end: each report is a line. */
export function createReportLines(print: (text: string) => void): RunOutput {
  return {
    loaded: async () => {},
    passBegins() {},
    observe: {},
    passEnds: (report) => print(JSON.stringify(report)),
    end: async () => {},
  };
}
