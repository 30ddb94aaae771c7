/** The ladder as a picture: one plot per axis, the predicted line and the measured points. */
import type { EChartsOption } from 'echarts';
import type { Renderer } from '../formats.js';
import { loadSvgRenderer } from '../pages/svg.js';
import { unitOf } from '../units.js';
import type { Ladder } from './schema.js';
import { axisNames } from './table.js';

type Series = Ladder['series'][number];

const plotWidthPx = 460;
const plotHeightPx = 320;
const plotsPerRow = 2;

export async function loadLadderSvg(): Promise<Renderer<Ladder>> {
  const renderSvg = await loadSvgRenderer();
  return (ladder) => {
    const title = `Peak memory of real training steps at ${ladder.series.flatMap(({ rungs }) => rungs).length} sizes, against the estimate`;
    const heightPx = plotHeightPx * Math.ceil(ladder.series.length / plotsPerRow);
    return renderSvg(ladderOption(ladder), { title, id: 'ladder', widthPx: plotsPerRow * plotWidthPx, heightPx });
  };
}

export function ladderOption({ series }: Ladder): EChartsOption {
  const plots = series.map((each, index) => plotOf(each, index));
  return {
    backgroundColor: '#ffffff',
    title: plots.map(({ title }) => title),
    grid: plots.map(({ grid }) => grid),
    xAxis: plots.map(({ xAxis }) => xAxis),
    yAxis: plots.map(({ yAxis }) => yAxis),
    series: plots.flatMap(({ series }) => series),
  };
}

function plotOf({ axis, rungs }: Series, index: number) {
  const left = (index % plotsPerRow) * plotWidthPx;
  const top = Math.floor(index / plotsPerRow) * plotHeightPx;
  const unit = unitOf(Math.max(...rungs.map(({ predicted }) => predicted.peakLiveBytes)));
  const points = (bytesOf: (rung: Series['rungs'][number]) => number | undefined) =>
    rungs.flatMap((rung) => {
      const bytes = bytesOf(rung);
      return bytes === undefined ? [] : [[rung.value, bytes / unit.bytes]];
    });
  const axes = { xAxisIndex: index, yAxisIndex: index };
  return {
    title: { text: `Peak along ${axisNames[axis]}`, left: left + 60, top: top + 8, textStyle: { fontSize: 14 } },
    grid: { left: left + 70, top: top + 60, width: plotWidthPx - 100, height: plotHeightPx - 120 },
    xAxis: {
      type: 'value' as const,
      gridIndex: index,
      min: 'dataMin' as const,
      minInterval: 1,
      name: axisNames[axis],
      nameLocation: 'middle' as const,
      nameGap: 28,
    },
    yAxis: { type: 'value' as const, gridIndex: index, min: 0 },
    series: [
      {
        name: 'predicted',
        type: 'line' as const,
        ...axes,
        symbol: 'none',
        color: '#4a6fb5',
        data: points(({ predicted }) => predicted.peakLiveBytes),
      },
      {
        name: 'measured',
        type: 'scatter' as const,
        ...axes,
        symbolSize: 9,
        color: '#c2410c',
        data: points(({ measured }) => measured?.peakLiveBytes),
      },
    ],
  };
}
