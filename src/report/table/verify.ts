/** What a person reads after a verification: whether the two agree, the four totals, and where they part. */
import type { ChalkInstance } from 'chalk';
import { configLine } from '../config-line.js';
import type { Layout } from '../formats.js';
import type { Verification } from '../schemas/verify.js';
import { formatBytes, formatCount } from '../units.js';
import { type Block, columns, list, page, paragraph, styleOf } from './blocks.js';

const rows = [
  ['parameters', 'parameterBytes'],
  ['end of forward', 'forwardEndBytes'],
  ['peak', 'peakLiveBytes'],
  ['optimizer', 'optimizerBytes'],
] as const;

export function renderVerification(report: Verification, layout: Layout): string {
  const style = styleOf(layout);
  const heading = (text: string) => style.bold(text);
  return page([
    [
      ...paragraph(verdictLine(report, style), layout),
      ...paragraph(`${configLine(report)} · tape ${report.config.recipe.tape}`, layout).map((line) => style.dim(line)),
    ],
    columns(heading('Bytes'), totals(report), '<>>>'),
    divergence(report, layout),
    columns(heading('Run'), run(report), '<<'),
    list(heading('Assumptions'), report.assumptions, layout),
  ]);
}

function verdictLine({ verdict, steps, backend }: Verification, style: ChalkInstance): string {
  switch (verdict.kind) {
    case 'within':
      return `${style.green.bold('within tolerance')}: ${steps} real training steps on ${backend.name} held what the estimate says`;
    case 'outside':
      return `${style.red.bold('outside the tolerance')}: ${steps} real training steps on ${backend.name} held something else`;
    case 'oom':
      return `${style.red.bold('out of memory')}: ${verdict.reason}`;
    case 'timeout':
      return `${style.red.bold('timeout')}: ${verdict.reason}`;
  }
}

function totals({ predicted, measured, errorsPercent }: Verification): string[][] {
  return [
    ['', 'predicted', 'measured', 'error'],
    ...rows.map(([name, key]) => [
      name,
      formatCount(predicted[key]),
      measured === undefined ? '' : formatCount(measured[key]),
      errorsPercent === undefined ? '' : `${errorsPercent[key].toFixed(3)} %`,
    ]),
  ];
}

function divergence({ firstDivergence: first }: Verification, layout: Layout): Block {
  if (first === undefined) return [];
  const { operation, predictedBytes, measuredBytes } = first;
  return paragraph(
    `They first part at ${operation}: ${formatCount(predictedBytes)} B predicted, ${formatCount(measuredBytes)} B measured.`,
    layout,
  );
}

function run({ backend, run: ran, measured }: Verification): string[][] {
  if (ran === undefined) return [['backend', backend.name]];
  const { losses, stepTimeMs, residentBytes } = ran;
  return [
    ['backend', `${backend.name} ${backend.version}, ${backend.device}`],
    ['loss', losses.map((loss) => loss.toPrecision(4)).join(' → ')],
    ...(stepTimeMs === undefined ? [] : [['time per step', `${stepTimeMs.toFixed(0)} ms`]]),
    ...(residentBytes === undefined || measured === undefined
      ? []
      : [['resident set', `${formatBytes(residentBytes)} for ${formatBytes(measured.peakLiveBytes)} of arrays`]]),
  ];
}
