/** A sweep and its progressive plan: what fits, the way from small to large with the command of each stage, what is worth it. */
import type { EChartsOption } from 'echarts';
import { GiB } from '../../units.js';
import type { Layout, Renderer } from '../formats.js';
import { html, type Markup } from '../pages/markup.js';
import { columnTable, figure, list, renderPage, section, typedCommand } from '../pages/page.js';
import { loadSvgRenderer, type RenderSvg } from '../pages/svg.js';
import { formatBytes, formatCount } from '../units.js';
import { verdictWords } from '../words.js';
import { entryColumns, notEnough, samplesPerStep, sizeOf, stageColumns, subjectOfSweep } from './columns.js';
import type { Sweep } from './schema.js';

export async function loadSweepPage(): Promise<Renderer<Sweep>> {
  const renderSvg = await loadSvgRenderer();
  return (sweep, layout) => sweepPage(sweep, layout, renderSvg);
}

function sweepPage(sweep: Sweep, layout: Layout, renderSvg: RenderSvg): string {
  const { candidates, device, plan, space, pareto, frontSize } = sweep;
  const card = device?.name ?? 'this card';
  const { total, fits, tight, exceeds } = candidates;
  const heat = heatMap(sweep);
  return renderPage({
    question: `Which configurations train on ${card}, and how does ${sizeOf(plan.from)} grow to ${sizeOf(plan.to)}?`,
    answer: {
      tone: fits > 0 ? 'yes' : 'no',
      text: `${formatCount(fits)} of ${formatCount(total)} configurations fit on ${card}; ${formatCount(tight)} may fit, ${formatCount(exceeds)} do not`,
    },
    subject: subjectOfSweep(sweep, Number.POSITIVE_INFINITY),
    setting: Object.entries(space)
      .map(([option, values]) => `${option} ${values.join(', ')}`)
      .join(' · '),
    sections: [
      section('The progressive plan', ...planSection(sweep)),
      section(
        'Worth it',
        columnTable(
          `${pareto.length} of ${frontSize} that no other one beats in width, depth, batch, cost and memory`,
          entryColumns,
          pareto,
        ),
      ),
      ...(heat === undefined
        ? []
        : [
            section(
              'Every width and depth',
              figure(renderSvg(heat.option, { title: heat.title, id: 'sizes', heightPx: heat.heightPx })),
            ),
          ]),
    ],
    assumptions: sweep.assumptions,
    accuracy: sweep.accuracy,
    commands: [...typedCommand(layout, 'gc-plan sweep'), ...plan.stages.map(({ command }) => command)],
    tool: sweep.tool,
  });
}

function planSection(sweep: Sweep): readonly Markup[] {
  const { stages, rules } = sweep.plan;
  const end = notEnough(sweep);
  return [
    columnTable(`${samplesPerStep(sweep)} in every stage`, stageColumns, stages),
    ...(end ? [html`<p class="maybe">${end.head + end.rest}.</p>`] : []),
    ...stages
      .filter(({ checks }) => checks.length > 0)
      .map((stage) => html`<h3>Before going on from ${sizeOf(stage)}</h3>${list(stage.checks)}`),
    ...rules.map(({ growth, rule, sources }) => html`<p class="soft">${growth}: ${rule} (${sources.join('; ')})</p>`),
  ];
}

const shades = { fits: '#1f5fbf', tight: '#75662f', exceeds: '#b34700' } as const;

/** Width × depth → the least live bytes of all ways to train it. */
function heatMap({ sizes }: Sweep): { title: string; option: EChartsOption; heightPx: number } | undefined {
  const distinct = (numbers: readonly number[]) => [...new Set(numbers)].sort((a, b) => a - b);
  const widths = distinct(sizes.map(({ hiddenDim }) => hiddenDim));
  const depths = distinct(sizes.map(({ layers }) => layers));
  if (sizes.length < 2) return undefined;
  return {
    title: `Least live bytes by width and depth: ${sizes.map((cell) => `${sizeOf(cell)} ${formatBytes(cell.peakLiveBytes)} ${verdictWords[cell.verdict]}`).join(', ')}`,
    heightPx: 110 + 32 * widths.length,
    option: {
      grid: { left: 80, right: 24, top: 48, bottom: 48 },
      legend: { top: 0, left: 0 },
      xAxis: { type: 'category', data: depths.map(String), name: 'layers', nameLocation: 'middle', nameGap: 28 },
      yAxis: { type: 'category', data: widths.map(String), name: 'width', nameLocation: 'middle', nameGap: 48 },
      series: (['fits', 'tight', 'exceeds'] as const).map((verdict) => ({
        type: 'heatmap' as const,
        name: verdictWords[verdict],
        itemStyle: { color: shades[verdict], borderColor: 'rgba(255,255,255,0.5)', borderWidth: 1 },
        label: {
          show: true,
          color: '#ffffff',
          formatter: ({ data }: { data: unknown }) => `${(data as readonly number[])[2]} GiB`,
        },
        data: sizes
          .filter((cell) => cell.verdict === verdict)
          .map(({ hiddenDim, layers, peakLiveBytes }) => [
            depths.indexOf(layers),
            widths.indexOf(hiddenDim),
            Number((peakLiveBytes / GiB).toFixed(1)),
          ]),
      })) as NonNullable<EChartsOption['series']>,
      visualMap: (['fits', 'tight', 'exceeds'] as const).map((verdict, seriesIndex) => ({
        show: false,
        seriesIndex,
        min: 0,
        max: 1,
        inRange: { color: [shades[verdict], shades[verdict]] },
      })),
    },
  };
}
