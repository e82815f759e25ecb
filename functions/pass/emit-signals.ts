import { Metrics } from '@aws-lambda-powertools/metrics';
import { dimensionsOf, METRICS, NAMESPACE, SERVICES, type Service, type Signal } from './signals.ts';

/** Emits the signals of one pass as lines in the log that CloudWatch makes metrics of. */
export type EmitSignals = (signals: readonly Signal[]) => void;

export function createSignalEmitter(service: Service, stack: string): EmitSignals {
  const metrics = new Metrics({
    namespace: NAMESPACE,
    serviceName: SERVICES[service],
    defaultDimensions: dimensionsOf(service, stack),
  });
  return (signals) => {
    for (const { metric, value, kind } of signals) {
      const { name, unit } = METRICS[metric];
      if (kind === undefined) metrics.addMetric(name, unit, value);
      else metrics.singleMetric().addDimension('kind', kind).addMetric(name, unit, value);
    }
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  };
}
