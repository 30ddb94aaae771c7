/** A trained plan as a page: the loss over all stages, parameters and bytes of each. */
import type { EChartsOption } from 'echarts';
import { configLine } from '../config-line.js';
import type { Layout, Renderer } from '../formats.js';
import { chartFigure, columnTable, renderPage, section, typedCommand } from '../pages/page.js';
import { partColours } from '../pages/palette.js';
import { axisText, loadSvgRenderer, type RenderSvg } from '../pages/svg.js';
import { subject } from '../subject.js';
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
        chartFigure('loss', (frame) =>
          renderSvg(lossOption(report), { ...frame, title: `Loss over ${stepsRun(report)}` }),
        ),
        chartFigure('growth', (frame) =>
          renderSvg(growthOption(report), { ...frame, title: 'Parameters and peak memory of each stage' }),
        ),
      ]
    : [];
  return renderPage({
    question: `Does ${config.model.name} go on learning when it grows from ${sizeOf(from)} to ${sizeOf(to)}?`,
    answer: { tone, text: head + rest },
    subject: subject(config),
    setting: `${configLine(report)} · ${backend.name} ${backend.version}, ${backend.device}`,
    sections: [section('The stages', columnTable(aboutStages(report), stageColumns, stages), ...charts)],
    assumptions,
    commands: typedCommand(layout, 'gc-plan verify --plan'),
    tool,
    date: layout.date,
  });
}

/** One line for each stage, and the held-out loss at its two ends. */
export function lossOption({ stages, steps }: PlanVerification): EChartsOption {
  return {
    color: [partColours.parameters, partColours.gradients, partColours.allocator, partColours.optimizer],
    grid: { left: 64, right: 24, top: 72, bottom: 48 },
    legend: { top: 0, left: 0 },
    xAxis: { type: 'value', name: 'step', max: stages.length * steps, ...axisText(28) },
    yAxis: { type: spansDecades(stages) ? 'log' : 'value', name: 'loss', ...axisText(48) },
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
        color: partColours.activations,
        symbolSize: 9,
        data: stages.flatMap(({ run }, index) => [
          [index * steps, run!.heldOutLoss.start],
          [(index + 1) * steps, run!.heldOutLoss.end],
        ]),
      },
    ],
  };
}

/** Less than a factor of twenty would leave most of a logarithmic axis empty. */
function spansDecades(stages: PlanVerification['stages']): boolean {
  const losses = stages.flatMap(({ run }) => [...run!.losses, run!.heldOutLoss.start, run!.heldOutLoss.end]);
  return Math.max(...losses) > 20 * Math.min(...losses);
}

function growthOption({ stages }: PlanVerification): EChartsOption {
  const unit = unitOf(Math.max(...stages.map(({ predicted }) => predicted.peakLiveBytes)));
  const inUnits = (bytes: number) => Number((bytes / unit.bytes).toPrecision(4));
  const bars = [
    {
      name: 'million parameters',
      yAxisIndex: 0,
      color: partColours.parameters,
      data: stages.map(({ parameters }) => Number((parameters / 1e6).toPrecision(4))),
    },
    {
      name: `${unit.name} predicted`,
      yAxisIndex: 1,
      color: partColours.temporary,
      data: stages.map(({ predicted }) => inUnits(predicted.peakLiveBytes)),
    },
    {
      name: `${unit.name} measured`,
      yAxisIndex: 1,
      color: partColours.activations,
      data: stages.map(({ run }) => inUnits(run!.measured.peakLiveBytes)),
    },
  ];
  return {
    grid: { left: 64, right: 64, top: 72, bottom: 48 },
    legend: { top: 0, left: 0 },
    xAxis: { type: 'category', data: stages.map(sizeOf), name: 'width/layers', ...axisText(28) },
    yAxis: [
      { type: 'value', name: 'million parameters', ...axisText(44) },
      { type: 'value', name: unit.name, ...axisText(44), splitLine: { show: false } },
    ],
    series: bars.map((bar) => ({ type: 'bar' as const, ...bar })),
  };
}
