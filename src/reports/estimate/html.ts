import { configLine, subjectOf } from '../config-line.js';
import type { Layout, Renderer } from '../formats.js';
import { html } from '../pages/markup.js';
import { dataTable, figure, list, renderPage, section, typedCommand } from '../pages/page.js';
import { loadSvgRenderer, type RenderSvg } from '../pages/svg.js';
import { subject } from '../subject.js';
import { formatBytes, formatPercent } from '../units.js';
import { estimateAnswer } from './answer.js';
import { onTheCard } from './chart.js';
import { categories, cheapestChanges, model, rankHead, ranks, stepTitle, totals } from './numbers.js';
import type { AnyEstimate } from './schema.js';

export async function loadEstimatePage(): Promise<Renderer<AnyEstimate>> {
  const renderSvg = await loadSvgRenderer();
  return (estimate, layout) => estimatePage(estimate, layout, renderSvg);
}

function estimatePage(estimate: AnyEstimate, layout: Layout, renderSvg: RenderSvg): string {
  const { memory, config, peak } = estimate;
  const { tone, head, rest } = estimateAnswer(estimate);
  const step = stepTitle(config.recipe);
  const chart = onTheCard(estimate);
  const changes = cheapestChanges(estimate);
  const rankRows = ranks(estimate);
  return renderPage({
    question: questionOf(estimate),
    answer: { tone, text: head + rest },
    subject: subject(config),
    setting: configLine(estimate),
    sections: [
      ...(changes.length === 0
        ? []
        : [
            section(
              'The cheapest changes that fit',
              list(
                changes.map(
                  ({ change, command, deviceBytes }) => `${change} (${formatBytes(deviceBytes)}): ${command}`,
                ),
              ),
            ),
          ]),
      section(
        step,
        figure(renderSvg(chart.option, { title: chart.title, id: 'card', heightPx: 190 })),
        dataTable('What each number counts', ['number', 'bytes', 'is'], totals(estimate), '<><'),
      ),
      section(
        'Where it goes',
        html`<div class="columns">${[
          shares('By category', categories(estimate), memory.peakLiveBytes),
          shares(
            'By module',
            memory.byModule.map(({ module, bytes }) => [module, bytes] as const),
            memory.peakLiveBytes,
          ),
          shares(
            'By phase, at its peak',
            memory.phases.map(({ phase, peakLiveBytes }) => [phase, peakLiveBytes] as const),
            memory.peakLiveBytes,
          ),
        ]}</div>`,
        html`<p>The peak is in ${peak.phase}, at <em>${peak.operation}</em>.</p>`,
      ),
      section('The model', dataTable('Sizes', ['quantity', 'number'], model(estimate), '<<')),
      ...(rankRows.length === 0
        ? []
        : [section('The ranks', dataTable('What each card holds', rankHead, rankRows, '>>>>>>>>>'))]),
    ],
    assumptions: estimate.assumptions,
    accuracy: estimate.accuracy,
    commands: typedCommand(layout, 'gc-plan estimate'),
    tool: estimate.tool,
  });
}

function questionOf({ config }: AnyEstimate): string {
  const { recipe, device } = config;
  const name = subjectOf(config);
  const does = recipe.mode === 'train' ? 'train' : 'run';
  return device === null ? `What does ${name} need to ${does}?` : `Does ${name} ${does} on ${device.name}?`;
}

const shares = (caption: string, parts: readonly (readonly [string, number])[], wholeBytes: number) =>
  dataTable(
    caption,
    ['part', 'bytes', 'share'],
    parts.map(([name, bytes]) => [name, formatBytes(bytes), formatPercent(bytes, wholeBytes)]),
    '<>>',
  );
