/** A trained plan as a page: the loss over all stages, parameters and bytes of each. */
import type { EChartsOption } from 'echarts';
import { configLine } from '../config-line.js';
import type { Layout, Renderer } from '../formats.js';
import { columnTable, figure, renderPage, section, typedCommand } from '../pages/page.js';
import { loadSvgRenderer, type RenderSvg } from '../pages/svg.js';
import { unitOf } from '../units.js';
import { aboutStages, planVerificationAnswer, sizeOf, stageColumns, stepsRun } from './rows.js';
import type { PlanVerification } from './schema.js';

export async function loadPlanVerificationPage(): Promise<Renderer<PlanVerification>> {
  const renderSvg = await loadSvgRenderer();
  return (report, layout) => planVerificationPage(report, layout, renderSvg);
}

function planVerificationPage(report: PlanVerification, layout: Layout, renderSvg: RenderSvg): string {
  const { config, stages, backend, from, to, assumptions, tool } = report;
  const { tone, head, rest } = planVerificationAnswer(report);
  const hasRun = stages.every(({ run }) => run !== undefined);
  const charts = hasRun
    ? [
        figure(renderSvg(lossOption(report), { title: `Loss over ${stepsRun(report)}`, id: 'loss' })),
        figure(renderSvg(growthOption(report), { title: 'Parameters and peak memory of each stage', id: 'growth' })),
      ]
    : [];
  return renderPage({
    question: `Does ${config.model.name} go on learning when it grows from ${sizeOf(from)} to ${sizeOf(to)}?`,
    answer: { tone, text: head + rest },
    setting: `${configLine(report)} · ${backend.name} ${backend.version}, ${backend.device}`,
    sections: [section('The stages', columnTable(aboutStages(report), stageColumns, stages), ...charts)],
    assumptions,
    commands: typedCommand(layout, 'gc-plan verify --plan'),
    tool,
  });
}

/** One line for each stage, and the held-out loss at its two ends. */
export function lossOption({ stages, steps }: PlanVerification): EChartsOption {
  return {
    grid: { left: 80, right: 24, top: 48, bottom: 48 },
    legend: { top: 0, left: 0 },
    xAxis: { type: 'value', name: 'step', nameLocation: 'middle', nameGap: 28, max: stages.length * steps },
    yAxis: { type: 'log', name: 'loss', nameLocation: 'middle', nameGap: 52 },
    series: [
      ...stages.map((stage, index) => ({
        type: 'line' as const,
        name: sizeOf(stage),
        symbol: 'none',
        data: stage.run!.losses.map((loss, step) => [index * steps + step, loss]),
      })),
      {
        type: 'scatter' as const,
        name: 'held out',
        color: '#c2410c',
        symbolSize: 9,
        data: stages.flatMap(({ run }, index) => [
          [index * steps, run!.heldOutLoss.start],
          [(index + 1) * steps, run!.heldOutLoss.end],
        ]),
      },
    ],
  };
}

function growthOption({ stages }: PlanVerification): EChartsOption {
  const unit = unitOf(Math.max(...stages.map(({ predicted }) => predicted.peakLiveBytes)));
  const inUnits = (bytes: number) => Number((bytes / unit.bytes).toPrecision(4));
  const bars = [
    { name: 'parameters', yAxisIndex: 0, color: '#1f5fbf', data: stages.map(({ parameters }) => parameters) },
    {
      name: `${unit.name} predicted`,
      yAxisIndex: 1,
      color: '#75662f',
      data: stages.map(({ predicted }) => inUnits(predicted.peakLiveBytes)),
    },
    {
      name: `${unit.name} measured`,
      yAxisIndex: 1,
      color: '#c2410c',
      data: stages.map(({ run }) => inUnits(run!.measured.peakLiveBytes)),
    },
  ];
  return {
    grid: { left: 100, right: 64, top: 48, bottom: 32 },
    legend: { top: 0, left: 0 },
    xAxis: { type: 'category', data: stages.map(sizeOf) },
    yAxis: [{ type: 'value' }, { type: 'value', splitLine: { show: false } }],
    series: bars.map((bar) => ({ type: 'bar' as const, ...bar })),
  };
}
