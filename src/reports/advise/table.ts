/** What a person reads of an advice: what is missing, the cheapest combination with its lines of code, each change alone. */
import type { ChalkInstance } from 'chalk';
import { configLine } from '../config-line.js';
import { estimateAnswer } from '../estimate/answer.js';
import type { Layout } from '../formats.js';
import { subject } from '../subject.js';
import { answerLine, type Block, fittingTable, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { formatBytes } from '../units.js';
import { changeColumns, formatCost } from './columns.js';
import { renderRecordedAdvice } from './recorded-table.js';
import type { Advice, AnyAdvice } from './schema.js';
import { adviceScreen } from './screen.js';

export function renderAdvice(advice: AnyAdvice, layout: Layout): string {
  if ('recompute' in advice) return renderRecordedAdvice(advice, layout);
  return layout.details ? allOf(advice, layout) : adviceScreen(advice, layout);
}

function allOf(advice: Advice, layout: Layout): string {
  const style = styleOf(layout);
  return page([
    [
      ...paragraph(subject(advice.config, layout.columns), layout).map((line) => style.dim(line)),
      ...paragraph(question(advice, style), layout),
      ...paragraph(configLine(advice), layout).map((line) => style.dim(line)),
      ...answer(advice, style).flatMap((line) => paragraph(line, layout)),
    ],
    parts('The cheapest combination', advice.cheapest, style),
    parts('On several cards', advice.severalGpus, style),
    singles(advice, layout),
    lines(advice, style),
    list(style.bold('Assumptions'), advice.assumptions, layout),
  ]);
}

const question = (advice: Advice, style: ChalkInstance): string => answerLine(estimateAnswer(advice), style);

function answer({ verdict, cheapest, severalGpus, smallestDevice }: Advice, style: ChalkInstance): Block {
  if (verdict.kind === 'fits') return [];
  const card = smallestDevice ? [`as it is, it fits on ${smallestDevice}`] : ['as it is, it fits on no known card'];
  if (cheapest) return [`${style.green.bold('cheapest that fits')}: ${inShort(cheapest, 'the card')}`, ...card];
  const several = severalGpus
    ? [`${style.green.bold('on several cards')}: ${inShort(severalGpus, 'the fullest card')}`]
    : [];
  return [style.red.bold('nothing in the catalogue makes it fit on one card'), ...several, ...card];
}

const inShort = ({ change, deviceBytes, relativeCost }: NonNullable<Advice['cheapest']>, where: string): string =>
  `${change} (${formatBytes(deviceBytes)} on ${where}, ${formatCost(relativeCost)} the work per sample)`;

function parts(title: string, combination: Advice['cheapest'], style: ChalkInstance): Block {
  if (combination === undefined) return [];
  return [
    style.bold(title),
    `  ${combination.command}`,
    ...combination.parts.flatMap(({ strategy, cost, code }) => [`  ${strategy}: ${cost}`, ...codeBlock(code, style)]),
  ];
}

const codeBlock = (code: Advice['changes'][number]['code'], style: ChalkInstance): Block =>
  code.flatMap(({ where, text }) => [style.dim(`    ${where}`), ...text.split('\n').map((line) => `      ${line}`)]);

const singles = ({ changes }: Advice, layout: Layout): Block =>
  changes.length === 0
    ? []
    : fittingTable(styleOf(layout).bold('One change at a time'), changeColumns, changes, layout);

function lines({ changes }: Advice, style: ChalkInstance): Block {
  const written = changes.filter(({ code }) => code.length > 0);
  if (written.length === 0) return [];
  return [
    style.bold('How each is written'),
    ...written.flatMap(({ strategy, code }) => [`  ${strategy}`, ...codeBlock(code, style)]),
  ];
}
