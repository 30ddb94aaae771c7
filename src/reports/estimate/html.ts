import { configLine, subjectOf } from '../config-line.js';
import type { Layout } from '../formats.js';
import { html, type Markup } from '../pages/markup.js';
import { codeBlock, codeLines, dataTable, renderPage, section, typedCommand, whySection } from '../pages/page.js';
import { subject } from '../subject.js';
import { formatBytes, formatBytesPair, formatPercent } from '../units.js';
import { estimateAnswer } from './answer.js';
import { onTheCard } from './chart.js';
import { bytesByPart, categories, cheapestChanges, model, rankHead, ranks, stepTitle } from './numbers.js';
import type { AnyEstimate } from './schema.js';
import { totals } from './totals.js';

export function renderEstimatePage(estimate: AnyEstimate, layout: Layout): string {
  const { memory, config, peak } = estimate;
  const { tone, head, rest } = estimateAnswer(estimate);
  const rankRows = ranks(estimate);
  return renderPage({
    question: questionOf(estimate),
    answer: { tone, text: head + rest },
    subject: subject(config),
    setting: configLine(estimate),
    sections: [
      ...whySection(estimate),
      ...changesSection(estimate),
      section(
        stepTitle(config.recipe),
        ...onTheCard(estimate),
        dataTable('What each number counts', ['number', 'bytes', 'is'], totals(estimate), '<><'),
      ),
      section(
        'Where it goes',
        html`<div class="columns">${[
          shares('By category', categories(estimate), memory.peakLiveBytes),
          shares('By module', bytesByPart(estimate), memory.peakLiveBytes),
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
    date: layout.date,
  });
}

function changesSection(estimate: AnyEstimate): readonly Markup[] {
  const changes = cheapestChanges(estimate);
  if (changes.length === 0 && 'shortfallBytes' in estimate.verdict && !('trace' in estimate.config))
    return [
      section(
        'What to change',
        html`<p>No change was found that makes it fit on one card; gc-plan advise looks at several cards.</p>`,
      ),
    ];
  if (changes.length === 0) return [];
  return [
    section(
      'The cheapest changes that fit',
      ...changes.map(
        ({ change, command, deviceBytes, highBytes, usableBytes, numerics, code = [] }) => html`<h3>${change}</h3>
<p>${
          highBytes === undefined || usableBytes === undefined
            ? `${formatBytes(deviceBytes)} on the card`
            : `at most ${formatBytesPair(highBytes, usableBytes, 'of')} usable`
        }${numerics && ', and it changes more than memory'}</p>
${[codeBlock(command), ...codeLines(code)]}`,
      ),
    ),
  ];
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
