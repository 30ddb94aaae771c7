/** What a person reads: the answer first, then where the memory goes, then how far to trust it. */
import type { ChalkInstance } from 'chalk';
import { configLine } from '../config-line.js';
import { estimateAnswer } from '../estimate/answer.js';
import { accuracy, categories, model, totals } from '../estimate/numbers.js';
import type { Layout } from '../formats.js';
import type { Estimate } from '../schemas/estimate.js';
import { formatBytes, formatCount, formatPercent, inUnit, unitOf } from '../units.js';
import { type Block, columns, flow, list, page, paragraph, styleOf } from './blocks.js';

export function renderEstimate(estimate: Estimate, layout: Layout): string {
  const style = styleOf(layout);
  const heading = (text: string) => style.bold(text);
  const {
    memory,
    config: { recipe },
  } = estimate;
  return page([
    [
      ...paragraph(verdictLine(estimate, style), layout),
      ...paragraph(configLine(estimate), layout).map((line) => style.dim(line)),
      ...smallestChange(estimate).flatMap((line) => paragraph(line, layout)),
    ],
    columns(heading(recipe.mode === 'train' ? 'One training step' : 'One forward pass'), totals(estimate), '<><'),
    flow(
      [
        shares(heading('By category'), categories(memory), memory.peakLiveBytes),
        shares(
          heading('By module'),
          memory.byModule.map(({ module, bytes }) => [module, bytes]),
          memory.peakLiveBytes,
        ),
        shares(
          heading('By phase (its peak)'),
          memory.phases.map(({ phase, peakLiveBytes }) => [phase, peakLiveBytes]),
          memory.peakLiveBytes,
        ),
      ],
      layout,
    ),
    paragraph(`${heading('Peak')}  in ${estimate.peak.phase}, at ${estimate.peak.operation}`, layout),
    columns(heading('Model'), model(estimate), '<<'),
    ranks(estimate, heading('Ranks')),
    list(heading('Assumptions'), estimate.assumptions, layout),
    list(heading('Accuracy'), [accuracy(estimate)], layout),
  ]);
}

function smallestChange({ verdict }: Estimate): Block {
  if (!('smallestChange' in verdict) || verdict.smallestChange === undefined) return [];
  const { smallestChange: smallest, furtherChanges = [] } = verdict;
  const line = ({ change, deviceBytes }: typeof smallest) => `${change} (${formatBytes(deviceBytes)})`;
  return [`smallest change that fits: ${line(smallest)}`, ...furtherChanges.map((change) => `or ${line(change)}`)];
}

function shares(title: string, parts: readonly (readonly [string, number])[], wholeBytes: number): Block {
  const unit = unitOf(wholeBytes);
  const rows = parts.map(([name, bytes]) => [
    name,
    `${inUnit(bytes, unit)} ${unit.name}`,
    formatPercent(bytes, wholeBytes),
  ]);
  return columns(title, rows, '<>>');
}

const paints = { yes: 'green', maybe: 'yellow', no: 'red', neutral: 'reset' } as const;

function verdictLine(estimate: Estimate, style: ChalkInstance): string {
  const { head, rest, tone } = estimateAnswer(estimate);
  return `${style[paints[tone]].bold(head)}${rest}`;
}

function ranks({ ranks: rows = [] }: Estimate, title: string): Block {
  if (rows.length === 0) return [];
  const header = [
    'rank',
    'grid nodes',
    'mesh nodes',
    'halo',
    'parameters',
    'gradients',
    'optimizer',
    'peak',
    'receives a step',
  ];
  const body = rows.map((row) => [
    row.firstRank === row.lastRank ? String(row.firstRank) : `${row.firstRank}–${row.lastRank}`,
    formatCount(row.gridNodes),
    formatCount(row.meshNodes),
    formatCount(row.haloNodes),
    formatBytes(row.parameterBytes),
    formatBytes(row.gradientBytes),
    formatBytes(row.optimizerBytes),
    formatBytes(row.peakLiveBytes),
    formatBytes(row.receivedBytes),
  ]);
  return columns(title, [header, ...body], '>>>>>>>>>');
}
