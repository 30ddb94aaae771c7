/** What a person reads of the advice on a recorded step. */

import { configLine } from '../config-line.js';
import { estimateAnswer } from '../estimate/answer.js';
import type { Column, Layout } from '../formats.js';
import { answerLine, fittingTable, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { formatBytes, formatFlops, verdictWords } from '../units.js';
import type { RecordedAdvice } from './schema.js';

export function renderRecordedAdvice(advice: RecordedAdvice, layout: Layout): string {
  const style = styleOf(layout);
  return page([
    [
      ...paragraph(answerLine(estimateAnswer(advice), style), layout),
      ...paragraph(configLine(advice), layout).map((line) => style.dim(line)),
    ],
    advice.recompute.length === 0
      ? []
      : fittingTable(style.bold('Worth recomputing, by bytes per FLOP'), recomputeColumns, advice.recompute, layout),
    list(style.bold('What else is there'), sentences(advice), layout),
    list(style.bold('Next'), confirmations(advice), layout),
    list(style.bold('Assumptions'), advice.assumptions, layout),
  ]);
}

/** Of what makes it fit at the least work, else of what saves most. */
export function confirmations({ verdict, recompute }: RecordedAdvice): readonly string[] {
  if (verdict.kind === 'fits') return [];
  const most = recompute.toSorted((a, b) => b.savedBytes - a.savedBytes)[0];
  const chosen = recompute.find((each) => each.verdict.kind === 'fits') ?? most;
  return chosen === undefined ? [] : [chosen.confirm];
}

type Row = RecordedAdvice['recompute'][number];

export const recomputeColumns: readonly Column<Row>[] = [
  { title: '', alignment: '<', text: ({ verdict }) => (verdict.kind === 'fits' ? 'fits' : ''), onlyIfVaried: true },
  { title: 'module', alignment: '<', text: ({ module }) => module },
  { title: 'calls', alignment: '>', text: ({ numCalls }) => String(numCalls), dispensable: 2 },
  { title: 'saves', alignment: '>', text: ({ savedBytes }) => formatBytes(savedBytes) },
  { title: 'on card', alignment: '>', text: ({ deviceBytes }) => formatBytes(deviceBytes) },
  { title: 'repeats', alignment: '>', text: ({ repeatedFlops }) => formatFlops(repeatedFlops), dispensable: 1 },
];

export function sentences({ optimizer, spike, allocator, verdict, smallestDevice }: RecordedAdvice): readonly string[] {
  const [largest] = spike.arrays;
  return [
    `Optimizer: ${formatBytes(optimizer.bytes)} at the peak, ${optimizer.sharePercent.toFixed(1)} %, ${optimizer.bytesPerParameter.toFixed(1)} bytes a parameter.`,
    `Temporary: ${formatBytes(spike.bytes)}, ${spike.sharePercent.toFixed(1)} %, in use in the ${spike.phase} phase at ${spike.module}${largest === undefined ? '' : `; the largest is ${formatBytes(largest.bytes)} of ${largest.operation}`}.`,
    ...(allocator ? [settingText(allocator)] : []),
    ...(verdict.kind === 'fits'
      ? []
      : [smallestDevice ? `As it is, it fits on ${smallestDevice}.` : 'As it is, it fits on no known card.']),
  ];
}

function settingText({ change, savedBytes, verdict, line }: NonNullable<RecordedAdvice['allocator']>): string {
  const saved = `saves ${formatBytes(savedBytes)}`;
  const needed = `needs ${formatBytes(-savedBytes)} more`;
  const moved = savedBytes > 0 ? saved : savedBytes < 0 ? needed : `needs as much, and ${verdictWords[verdict.kind]}`;
  return `Allocator: ${change} ${moved} (${line}).`;
}
