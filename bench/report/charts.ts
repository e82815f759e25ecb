import { type EChartsOption, init } from 'echarts';
import { CONTENDERS, type Contender } from '../contenders/bundle-contenders.ts';
import type { Measurement } from '../measure.ts';
import { TICKS } from '../month.ts';
import { measurementsOf, type Results } from '../results.ts';
import { NAMES } from './names.ts';

/** Colours that a colour-blind reader tells apart. Source: Okabe and Ito, "Color Universal Design". */
const COLOURS: Readonly<Record<Contender, string>> = {
  naive: '#D55E00',
  project: '#0072B2',
  floor: '#999999',
};

const WIDTH = 820;
const HEIGHT = 380;

/** Each chart by the name of its file. */
export function charts(results: Results): ReadonlyMap<string, string> {
  return new Map(
    Object.entries({
      'requests.svg': bars(results, {
        title: 'Requests, by workload (logarithmic)',
        value: ({ totalRequests }) => totalRequests,
        isLogarithmic: true,
        latencyMs: 0,
      }),
      'wall-time.svg': bars(results, {
        title: 'Wall time at 5 ms per request, as a multiple of the floor',
        value: ({ wallMs }, floor) => round(wallMs / floor.wallMs),
        latencyMs: 5,
      }),
      'cpu.svg': bars(results, {
        title: 'CPU at 5 ms per request, as a multiple of the floor',
        value: ({ cpuMs }, floor) => round(cpuMs / floor.cpuMs),
        latencyMs: 5,
      }),
      'minute.svg': minute(results),
      'memory.svg': memory(results),
      'month.svg': month(results),
    }).map(([name, option]) => [name, draw(option)]),
  );
}

function draw(option: EChartsOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  chart.setOption({
    animation: false,
    // A page may be dark.
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'sans-serif' },
    legend: { top: 36, itemGap: 36 },
    grid: { left: 16, right: 24, top: 80, bottom: 16, containLabel: true },
    ...option,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  // Names of styles count the charts that were drawn in this process: they say nothing about this one.
  return `${svg.replaceAll(/zr\d+-/g, 'zr-')}\n`;
}

/** What all three were given, at the size that is the largest. */
const COMPARED = ['waiting', 'busy', 'catastrophe', 'recovery, jobs of 10', 'submit', 'publish'];

interface Bars {
  readonly title: string;
  readonly value: (measurement: Measurement, floor: Measurement) => number;
  readonly isLogarithmic?: boolean;
  readonly latencyMs: number;
}

function bars(results: Results, { title, value, isLogarithmic = false, latencyMs }: Bars): EChartsOption {
  const groups = COMPARED.flatMap((workload) => {
    const [naive] = measurementsOf(results, { workload, contender: 'naive', latencyMs });
    if (naive === undefined) return [];
    const { size } = naive;
    const all = CONTENDERS.map(
      (contender) => measurementsOf(results, { workload, size, latencyMs, contender })[0],
    );
    const [, , floor] = all;
    return floor ? [{ name: `${workload}\n${size.toLocaleString('en')}`, all, floor }] : [];
  });
  return {
    title: { text: title, left: 'center' },
    xAxis: { type: 'category', data: groups.map(({ name }) => name), axisLabel: { interval: 0 } },
    yAxis: isLogarithmic ? { type: 'log', min: 1 } : { type: 'value' },
    series: CONTENDERS.map((contender, index) => ({
      type: 'bar',
      name: NAMES[contender],
      itemStyle: { color: COLOURS[contender] },
      label: {
        show: true,
        position: 'top',
        fontSize: 9,
        formatter: ({ value }) => Number(value).toLocaleString('en'),
      },
      data: groups.map(({ all, floor }) => {
        const one = all[index];
        return one ? value(one, floor) : null;
      }),
    })),
  };
}

function minute(results: Results): EChartsOption {
  const [{ size } = { size: 0 }] = measurementsOf(results, { workload: 'the minute' });
  const all = CONTENDERS.map(
    (contender) => measurementsOf(results, { workload: 'the minute', contender, size })[0],
  );
  return {
    title: {
      text: `Tasks enqueued in a pass's minute at 5 ms per request, ${size.toLocaleString('en')} due`,
      left: 'center',
    },
    legend: { show: false },
    xAxis: { type: 'value' },
    yAxis: { type: 'category', inverse: true, data: CONTENDERS.map((contender) => NAMES[contender]) },
    series: [
      {
        type: 'bar',
        label: {
          show: true,
          position: 'insideRight',
          formatter: ({ value }) => Number(value).toLocaleString('en'),
        },
        data: CONTENDERS.map((contender, index) => ({
          value: all[index]?.messages ?? 0,
          itemStyle: { color: COLOURS[contender] },
        })),
      },
    ],
  };
}

function memory(results: Results): EChartsOption {
  const passes = measurementsOf(results, { workload: 'the minute' }).toReversed();
  const sizes = [...new Set(passes.map(({ size }) => size))];
  return {
    title: { text: 'Peak resident memory in MB, by tasks that are due', left: 'center' },
    xAxis: { type: 'category', data: sizes.map((size) => size.toLocaleString('en')) },
    yAxis: { type: 'value' },
    series: CONTENDERS.map((contender) => ({
      type: 'bar',
      name: NAMES[contender],
      itemStyle: { color: COLOURS[contender] },
      label: { show: true, position: 'top' },
      data: sizes.map((size) => {
        const own = passes.find((pass) => pass.size === size && pass.contender === contender);
        return own ? Math.round(own.peakBytes / 1e6) : null;
      }),
    })),
  };
}

function month(results: Results): EChartsOption {
  const passes = measurementsOf(results, { workload: 'idle' }).toReversed();
  const sizes = [...new Set(passes.map(({ size }) => size))];
  return {
    title: {
      text: 'US$ a month for the reads of idle passes, by tasks in the tables (logarithmic)',
      left: 'center',
    },
    xAxis: { type: 'category', data: sizes.map((size) => size.toLocaleString('en')) },
    yAxis: { type: 'log' },
    // The floor is what this project takes.
    series: (['naive', 'project'] as const).map((contender) => ({
      type: 'line',
      name: NAMES[contender],
      itemStyle: { color: COLOURS[contender] },
      label: { show: true, position: 'top' },
      data: sizes.map((size) => {
        const own = passes.find((pass) => pass.size === size && pass.contender === contender);
        return own ? round(own.dollars * TICKS) : null;
      }),
    })),
  };
}

const round = (value: number): number => Math.round(value * 100) / 100;
