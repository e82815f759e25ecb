import { vi } from 'vitest';

/** A value of a metric, as CloudWatch makes it of a line in the log. */
export interface Datum {
  readonly namespace: string;
  readonly name: string;
  readonly unit: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
}

interface EmbeddedMetrics {
  readonly _aws?: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly [name: string]: unknown;
}

/**
 * What CloudWatch would make of what is written to standard output meanwhile, by the embedded metric format. An error is
 * part of what a function does.
 */
export async function metricsOf(invoke: () => Promise<unknown>): Promise<Datum[]> {
  let written = '';
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    written += String(chunk);
    return true;
  });
  try {
    await invoke().catch(() => {});
  } finally {
    stdout.mockRestore();
  }
  const lines = written.split('\n').filter((line) => line.startsWith('{'));
  return lines.flatMap((line) => dataOf(JSON.parse(line)));
}

const dataOf = (line: EmbeddedMetrics): Datum[] =>
  (line._aws?.CloudWatchMetrics ?? []).flatMap(({ Namespace: namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) =>
      Metrics.flatMap(({ Name: name, Unit: unit }) =>
        [line[name]].flat().map((value) => ({
          namespace,
          name,
          unit,
          dimensions: Object.fromEntries(names.map((dimension) => [dimension, String(line[dimension])])),
          value: Number(value),
        })),
      ),
    ),
  );
