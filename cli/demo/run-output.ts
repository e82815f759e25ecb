import type { TableKind } from '../../functions/copy-segment/tables.ts';
import type { PassRun } from '../../functions/inspector/pass-run.ts';
import type { PassReport } from '../../functions/inspector/report/pass-report.ts';

/** How a run is told, from its beginning to its end. */
export interface RunOutput {
  /** The restore is in the tables. */
  loaded(records: Readonly<Record<TableKind, number>>): Promise<void>;
  passBegins(): void;
  /** What to observe of a pass. */
  readonly observe: Pick<PassRun, 'onVerdict' | 'onChange' | 'onMessage'>;
  passEnds(report: PassReport): void;
  end(): Promise<void>;
}
