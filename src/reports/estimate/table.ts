/** What a person reads: the answer first, then where the memory goes, then how far to trust it. */

import { configLine } from '../config-line.js';
import type { Column, Layout } from '../formats.js';
import { subject } from '../subject.js';
import {
  answerLine,
  type Block,
  columns,
  fittingTable,
  flow,
  list,
  page,
  paragraph,
  styleOf,
} from '../terminal/blocks.js';
import { formatBytes, formatPercent, inUnit, unitOf } from '../units.js';
import { estimateAnswer } from './answer.js';
import { accuracy, bytesByPart, categories, cheapestChanges, model, rankHead, ranks, stepTitle } from './numbers.js';
import type { AnyEstimate } from './schema.js';
import { estimateScreen } from './screen.js';
import { totals } from './totals.js';

export const renderEstimate = (estimate: AnyEstimate, layout: Layout): string =>
  layout.details ? allOf(estimate, layout) : estimateScreen(estimate, layout);

function allOf(estimate: AnyEstimate, layout: Layout): string {
  const style = styleOf(layout);
  const heading = (text: string) => style.bold(text);
  const {
    memory,
    config: { recipe },
  } = estimate;
  return page([
    [
      ...paragraph(subject(estimate.config, layout.columns), layout).map((line) => style.dim(line)),
      ...paragraph(answerLine(estimateAnswer(estimate), style), layout),
      ...paragraph(configLine(estimate), layout).map((line) => style.dim(line)),
      ...(estimate.onCard?.precision === undefined ? [] : paragraph(estimate.onCard.precision, layout)),
      ...(estimate.onCard?.recomputation === undefined ? [] : paragraph(estimate.onCard.recomputation, layout)),
      ...changes(estimate).flatMap((line) => paragraph(line, layout)),
    ],
    columns(heading(stepTitle(recipe)), totals(estimate), '<><', layout),
    flow(
      [
        shares(heading('By category'), categories(estimate), memory.peakLiveBytes),
        shares(heading('By module'), bytesByPart(estimate), memory.peakLiveBytes),
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
    rankTable(estimate, heading('Ranks'), layout),
    list(heading('Assumptions'), estimate.assumptions, layout),
    list(heading('Accuracy'), [accuracy(estimate)], layout),
  ]);
}

function changes(estimate: AnyEstimate): Block {
  const { verdict, config } = estimate;
  const found = cheapestChanges(estimate);
  if (found.length === 0 && 'shortfallBytes' in verdict)
    return [
      'trace' in config
        ? `gc-plan explain --trace ${config.trace.file} says what is alive at the peak`
        : 'no change was found that makes it fit: gc-plan advise looks at all of them, and at several cards',
    ];
  return found.map(
    ({ change, deviceBytes, numerics }, index) =>
      `${index === 0 ? 'smallest change that fits:' : 'or'} ${change} (${formatBytes(deviceBytes)}${numerics ? ', which changes more than memory' : ''})`,
  );
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

/** Given up first, where the terminal is narrow. */
const dispensableRanks: Readonly<Record<string, number>> = { 'mesh nodes': 3, 'grid nodes': 2, halo: 1 };

const rankColumns = rankHead.map((title, index): Column<readonly string[]> => {
  const dispensable = dispensableRanks[title];
  return { title, alignment: '>', text: (row) => row[index]!, ...(dispensable && { dispensable }) };
});

function rankTable(estimate: AnyEstimate, title: string, layout: Layout): Block {
  const rows = ranks(estimate);
  return rows.length === 0 ? [] : fittingTable(title, rankColumns, rows, layout);
}
