/** The ladder as a picture: one plot per axis, the predicted line and the measured points. */
import type { EChartsOption } from 'echarts';
import type { Renderer } from '../formats.js';
import { partColours } from '../pages/palette.js';
import { axisText, loadSvgRenderer } from '../pages/svg.js';
import { unitOf } from '../units.js';
import type { Ladder } from './schema.js';
import { axisNames } from './table.js';

type Series = Ladder['series'][number];

const mostPlotWidthPx = 460;
const plotHeightPx = 320;

const plotsPerRow = (widthPx: number): number => Math.max(1, Math.floor(widthPx / mostPlotWidthPx));

export async function loadLadderSvg(): Promise<Renderer<Ladder>> {
  const renderSvg = await loadSvgRenderer();
  return (ladder) =>
    renderSvg(
      { ...ladderOption(ladder, 2 * mostPlotWidthPx), backgroundColor: '#ffffff' },
      { ...ladderFrame(ladder, 2 * mostPlotWidthPx), id: 'ladder' },
    );
}

/** As many plots in a row as its width has room for. */
export function ladderFrame({ series }: Ladder, widthPx: number) {
  const numSizes = series.flatMap(({ rungs }) => rungs).length;
  return {
    title: `Peak memory of real training steps at ${numSizes} sizes, against the estimate`,
    widthPx,
    heightPx: plotHeightPx * Math.ceil(series.length / plotsPerRow(widthPx)),
  };
}

export function ladderOption({ series }: Ladder, widthPx: number): EChartsOption {
  const plots = series.map((each, index) => plotOf(each, index, widthPx));
  return {
    title: plots.map(({ title }) => title),
    grid: plots.map(({ grid }) => grid),
    xAxis: plots.map(({ xAxis }) => xAxis),
    yAxis: plots.map(({ yAxis }) => yAxis),
    series: plots.flatMap(({ series }) => series),
  };
}

function plotOf({ axis, rungs }: Series, index: number, widthPx: number) {
  const perRow = plotsPerRow(widthPx);
  const plotWidthPx = Math.floor(widthPx / perRow);
  const left = (index % perRow) * plotWidthPx;
  const top = Math.floor(index / perRow) * plotHeightPx;
  const unit = unitOf(Math.max(...rungs.map(({ predicted }) => predicted.peakLiveBytes)));
  const points = (bytesOf: (rung: Series['rungs'][number]) => number | undefined) =>
    rungs.flatMap((rung) => {
      const bytes = bytesOf(rung);
      return bytes === undefined ? [] : [[rung.value, bytes / unit.bytes]];
    });
  const axes = { xAxisIndex: index, yAxisIndex: index };
  return {
    title: {
      text: `Peak along ${axisNames[axis]}`,
      left: left + 8,
      top: top + 8,
      textStyle: { fontSize: 14 },
    },
    grid: { left: left + 64, top: top + 56, width: plotWidthPx - 96, height: plotHeightPx - 120 },
    xAxis: {
      type: 'value' as const,
      gridIndex: index,
      min: 'dataMin' as const,
      minInterval: 1,
      name: axisNames[axis],
      ...axisText(28),
    },
    yAxis: { type: 'value' as const, gridIndex: index, min: 0, name: unit.name, ...axisText(44) },
    series: [
      {
        name: 'predicted',
        type: 'line' as const,
        ...axes,
        symbol: 'none',
        color: partColours.parameters,
        data: points(({ predicted }) => predicted.peakLiveBytes),
      },
      {
        name: 'measured',
        type: 'scatter' as const,
        ...axes,
        symbolSize: 9,
        color: partColours.activations,
        data: points(({ measured }) => measured?.peakLiveBytes),
      },
    ],
  };
}
