/** The timeline as a chart: one stacked layer per category or module, phases as bands, the peak marked. */
import type { EChartsOption } from 'echarts';
import { palette, partColours } from '../pages/palette.js';
import { axisText } from '../pages/svg.js';
import { formatBytes, inUnit, unitOf } from '../units.js';
import { layersOf, type Picture, phaseName } from './stack.js';

export function timelineTitle({ peak, by, phases }: Picture): string {
  const parts = phases.map((phase) => `${phaseName(phase)} up to ${formatBytes(phase.peakLiveBytes)}`).join(', ');
  return `Live bytes through one step, by ${by}: ${parts}; peak ${formatBytes(peak.liveBytes)} at ${peak.operation}`;
}

/** `widthPx`: of the picture, which says for which phases there is room to be named. */
export function timelineOption(explanation: Picture, widthPx = 960): EChartsOption {
  const { operations, peak, phases, by } = explanation;
  const unit = unitOf(peak.liveBytes);
  const layers = layersOf(explanation);
  const inUnits = (bytes: number) => Number((bytes / unit.bytes).toFixed(4));
  const bands = phases.map((phase, index) => [
    {
      name: phaseName(phase),
      xAxis: phase.firstOperation,
      label: { show: hasRoom(phase, operations.length, widthPx) },
      itemStyle: { color: index % 2 === 0 ? 'rgba(128,128,128,0.06)' : 'rgba(128,128,128,0.14)' },
    },
    { xAxis: Math.min(phase.lastOperation + 1, operations.length - 1) },
  ]);
  return {
    color: [...palette],
    grid: { left: 56, right: 24, top: widthPx < 600 ? 96 : 72, bottom: 40 },
    legend: { top: 0, left: 0, itemGap: 8, itemWidth: 16 },
    xAxis: {
      type: 'category',
      boundaryGap: false,
      data: operations.map((_, index) => index),
      name: 'operation of the step',
      nameLocation: 'middle',
      nameGap: 24,
    },
    yAxis: { type: 'value', name: unit.name, ...axisText(40) },
    series: layers.map(({ name, bytes }, index) => ({
      ...(by === 'category' && { color: colourOf(name) }),
      type: 'line' as const,
      name,
      stack: 'live',
      step: 'end' as const,
      symbol: 'none',
      lineStyle: { width: 0 },
      areaStyle: { opacity: 0.85 },
      data: bytes.map(inUnits),
      ...(index === 0 && {
        markArea: { silent: true, label: { position: 'insideTop' as const, rotate: 0, fontSize: 12 }, data: bands },
        markLine: {
          silent: true,
          symbol: 'none',
          lineStyle: { type: 'dashed' as const, width: 1.5 },
          label: {
            formatter: `peak ${inUnit(peak.liveBytes, unit)} ${unit.name}`,
            position: 'end' as const,
            textBorderWidth: 0,
          },
          data: [{ xAxis: peak.at }],
        },
      }),
    })) as NonNullable<EChartsOption['series']>,
  };
}

/** Of a letter. */
const letterPx = 8;

function hasRoom(phase: Picture['phases'][number], numOperations: number, widthPx: number): boolean {
  const plotPx = widthPx - 80;
  return ((phase.lastOperation - phase.firstOperation) / numOperations) * plotPx > phaseName(phase).length * letterPx;
}

/** As on the page of an estimate, which names them in the plural. */
const colourOf = (category: string): string =>
  Object.entries(partColours).find(([name]) => name.startsWith(category))?.[1] ?? palette.at(-1)!;
