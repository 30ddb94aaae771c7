/** A sweep and its progressive plan: what fits, the way from small to large with the command of each stage, what is worth it. */
import type { EChartsOption } from 'echarts';
import { GiB } from '../../units.js';
import { reasons } from '../estimate/numbers.js';
import type { Layout, Renderer } from '../formats.js';
import { barChart, verdictBar } from '../pages/bars.js';
import { html, type Markup } from '../pages/markup.js';
import { chartFigure, codeBlock, columnTable, list, renderPage, section, typedCommand } from '../pages/page.js';
import { verdictColours, verdictMarks } from '../pages/palette.js';
import { axisText, loadSvgRenderer, type RenderSvg } from '../pages/svg.js';
import { formatCount, verdictWords } from '../units.js';
import {
  cardColumns,
  entryColumns,
  notEnough,
  pathColumns,
  type Stage,
  samplesPerStep,
  sizeOf,
  stageColumns,
  subjectOfSweep,
} from './columns.js';
import type { Sweep } from './schema.js';

export async function loadSweepPage(): Promise<Renderer<Sweep>> {
  const renderSvg = await loadSvgRenderer();
  return (sweep, layout) => sweepPage(sweep, layout, renderSvg);
}

function sweepPage(sweep: Sweep, layout: Layout, renderSvg: RenderSvg): string {
  const { candidates, device, plan, space, pareto, frontSize, taken, config } = sweep;
  const card = device?.name ?? 'this card';
  const { total, fits, tight, exceeds } = candidates;
  const does = config.recipe.mode === 'train' ? 'train' : 'run';
  return renderPage({
    question: `Which configurations ${does} on ${card}, and how does ${sizeOf(plan.from)} grow to ${sizeOf(plan.to)}?`,
    answer: {
      tone: fits > 0 ? 'yes' : 'no',
      text: `${formatCount(fits)} of ${formatCount(total)} configurations fit on ${card}; ${formatCount(tight)} may fit, ${formatCount(exceeds)} do not`,
    },
    subject: subjectOfSweep(sweep, Number.POSITIVE_INFINITY),
    setting: [
      ...(taken === undefined ? [] : [`no model was named: ${taken}`]),
      ...Object.entries(space).map(([option, values]) => `${option} ${values.join(', ')}`),
    ].join(' · '),
    sections: [
      ...(sweep.cards === undefined
        ? []
        : [section('The cards', columnTable('The cheapest first', cardColumns(sweep), sweep.cards))]),
      section('The progressive plan', ...planSection(sweep)),
      section(
        'Worth it',
        columnTable(
          `${pareto.length} of ${frontSize} that no other one beats in width, depth, batch, cost and memory`,
          entryColumns,
          pareto,
        ),
      ),
      ...scatterSection(sweep, renderSvg),
      ...heatSection(sweep),
    ],
    assumptions: sweep.assumptions,
    accuracy: sweep.accuracy,
    commands: typedCommand(layout, 'gc-plan sweep'),
    tool: sweep.tool,
    date: layout.date,
  });
}

function planSection(sweep: Sweep): readonly Markup[] {
  const { stages, rules } = sweep.plan;
  const end = notEnough(sweep);
  const goal = stages.at(-1);
  const why = goal === undefined ? [] : reasons({ ...goal, config: sweep.config });
  return [
    ...(end ? [html`<p class="maybe">${end.head + end.rest}.</p>`] : []),
    columnTable(`${samplesPerStep(sweep)} in every stage`, stageColumns, stages),
    ...(goal === undefined
      ? []
      : [
          barChart(
            'Upper end of the range, stage by stage',
            stages.map((stage) => verdictBar(sizeOf(stage), stage.verdict, stage.memory.range)),
          ),
        ]),
    ...(why.length === 0 ? [] : [html`<h3>Why not more</h3>${list(why)}`]),
    ...(sweep.plan.paths
      ? [
          columnTable(
            `The orders of growing, ${sweep.plan.paths.updates.join(', ')} updates; hours by the roofline; ${sweep.plan.paths.prices.source}`,
            pathColumns(sweep.plan.paths.prices.currency),
            sweep.plan.paths.rows,
          ),
        ]
      : []),
    ...stages.flatMap(stageSection),
    ...rules.map(({ growth, rule, sources }) => html`<p class="soft">${growth}: ${rule} (${sources.join('; ')})</p>`),
  ];
}

const stageSection = (stage: Stage): readonly Markup[] => [
  html`<h3>Stage ${sizeOf(stage)}</h3>`,
  codeBlock(stage.command),
  ...(stage.exported === undefined ? [] : [codeBlock(stage.exported.text.trimEnd())]),
  ...(stage.checks.length === 0 ? [] : [html`<p>Before going on:</p>`, list(stage.checks)]),
];

type Verdict = Sweep['points'][number]['verdict'];
const worstFirst: readonly Verdict[] = ['exceeds', 'tight', 'fits'];
/** Seen on white and on black. */
const hollow = { fits: '#5b94e6', tight: '#a8923f', exceeds: '#d9772f' } as const;
const symbols = { fits: 'circle', tight: 'diamond', exceeds: 'triangle' } as const;

/** Memory × cost: every candidate that was priced, the front of those that fit with a border, and what the card has. */
function scatterSection({ points, pareto, device }: Sweep, renderSvg: RenderSvg): readonly Markup[] {
  if (points.length < 2) return [];
  const [first] = pareto;
  const usable = first && 'usableBytes' in first.verdict ? first.verdict.usableBytes / GiB : undefined;
  const title = `Memory and cost of ${points.length} configurations; ${points.filter(({ isOnFront }) => isOnFront).length} of them are the front`;
  const inGiB = points.map(({ deviceBytes }) => deviceBytes / GiB);
  const series = worstFirst.flatMap((verdict) =>
    [false, true].map((isOnFront) => ({
      type: 'scatter' as const,
      name: isOnFront ? 'the front' : verdictWords[verdict],
      symbol: symbols[verdict],
      symbolSize: isOnFront ? 9 : 6,
      itemStyle: isOnFront
        ? { color: verdictColours[verdict], borderColor: '#ffffff', borderWidth: 1 }
        : { color: 'transparent', borderColor: hollow[verdict], borderWidth: 1 },
      data: points
        .filter((each) => each.verdict === verdict && each.isOnFront === isOnFront)
        .map(({ deviceBytes, sampleFlops }) => [deviceBytes / GiB, sampleFlops / 1e12]),
    })),
  );
  const shown = series.filter(({ data }) => data.length > 0);
  const endGiB = Math.ceil(1.05 * Math.max(usable ?? 0, ...inGiB));
  const limit = usable === undefined ? [] : [limitLine(usable, endGiB, device?.name ?? '')];
  const option: EChartsOption = {
    grid: { left: 64, right: 24, top: 72, bottom: 48 },
    legend: { top: 0, left: 0, selectedMode: false, data: shown.map(({ name }) => name) },
    xAxis: {
      type: 'value',
      name: 'on the card, GiB',
      max: endGiB,
      ...axisText(28),
    },
    yAxis: { type: 'log', name: 'TFLOP per sample', ...axisText(44) },
    series: [...shown, ...limit] as NonNullable<EChartsOption['series']>,
  };
  return [
    section(
      'Memory and cost',
      chartFigure('scatter', (frame) => renderSvg(option, { ...frame, title, heightPx: 400 })),
    ),
  ];
}

/** Its label stands above the points, and beside the line where that is near an end. */
const limitLine = (usable: number, endGiB: number, card: string) => ({
  type: 'line' as const,
  data: [],
  markLine: {
    silent: true,
    symbol: 'none',
    lineStyle: { type: 'dashed' as const, width: 2, color: '#8a939c' },
    label: {
      formatter: `${card}: ${usable.toFixed(1)} GiB usable`,
      position: 'end' as const,
      align:
        usable < endGiB / 3 ? ('left' as const) : usable > (2 / 3) * endGiB ? ('right' as const) : ('center' as const),
      textBorderWidth: 0,
    },
    data: [{ xAxis: usable }],
  },
});

/** Width × depth → the least live bytes of all ways to train it. */
function heatSection({ sizes }: Sweep): readonly Markup[] {
  if (sizes.length < 2) return [];
  const distinct = (numbers: readonly number[]) => [...new Set(numbers)].sort((a, b) => a - b);
  const widths = distinct(sizes.map(({ hiddenDim }) => hiddenDim));
  const depths = distinct(sizes.map(({ layers }) => layers));
  const cellAt = new Map(sizes.map((cell) => [sizeOf(cell), cell]));
  const cell = (hiddenDim: number, layers: number): Markup => {
    const found = cellAt.get(sizeOf({ hiddenDim, layers }));
    if (found === undefined) return html`<td></td>`;
    const { verdict, peakLiveBytes } = found;
    return html`<td class="number" style="background:${verdictColours[verdict]}">${(peakLiveBytes / GiB).toFixed(1)} ${verdictMarks[verdict]}</td>`;
  };
  const key = worstFirst.map((verdict) => `${verdictMarks[verdict]} ${verdictWords[verdict]}`).join(' · ');
  return [
    section(
      'Every width and depth',
      html`<div class="scroll" role="region" aria-label="Least live bytes by width and depth" tabindex="0">
<table class="heat">
<caption>Least live GiB by width (down) and layers (across); ${key}</caption>
<thead><tr><th scope="col">width</th>${depths.map((layers) => html`<th scope="col" class="number">${String(layers)}</th>`)}</tr></thead>
<tbody>
${widths.map((width) => html`<tr><th scope="row">${String(width)}</th>${depths.map((layers) => cell(width, layers))}</tr>\n`)}</tbody>
</table>
</div>
`,
    ),
  ];
}
