/** What a person reads of an advice: what is missing, the cheapest combination with its lines of code, each change alone. */
import type { ChalkInstance } from 'chalk';
import type { Column } from '../columns.js';
import { cardName } from '../estimate/answer.js';
import type { Layout } from '../formats.js';
import { type Block, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { fittingTable } from '../terminal/fitting.js';
import { formatBytes } from '../units.js';
import type { Advice } from './schema.js';

export function renderAdvice(advice: Advice, layout: Layout): string {
  const style = styleOf(layout);
  return page([
    [
      ...paragraph(question(advice, style), layout),
      ...answer(advice, style).flatMap((line) => paragraph(line, layout)),
    ],
    parts('The cheapest combination', advice.cheapest, style),
    parts('On several cards', advice.severalGpus, style),
    singles(advice, layout),
    lines(advice, style),
    list(style.bold('Assumptions'), advice.assumptions, layout),
  ]);
}

function question({ verdict, config }: Advice, style: ChalkInstance): string {
  const name = `${config.model.name} on ${cardName(config)}`;
  switch (verdict.kind) {
    case 'fits':
      return style.green.bold(`${name} fits as it is, with ${formatBytes(verdict.headroomBytes)} to spare`);
    case 'tight':
    case 'exceeds':
      return `${style.red.bold(`${name} ${verdict.kind === 'tight' ? 'is tight' : 'does not fit'}`)}: ${formatBytes(verdict.shortfallBytes)} short of ${formatBytes(verdict.usableBytes)} usable`;
    case 'unknown':
      return name;
  }
}

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

const formatCost = (relativeCost: number): string => `${relativeCost.toFixed(2)}×`;

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

const changeColumns: readonly Column<Advice['changes'][number]>[] = [
  { title: '', alignment: '<', text: ({ verdict }) => (verdict.kind === 'fits' ? 'fits' : ''), onlyIfVaried: true },
  { title: 'strategy', alignment: '<', text: ({ strategy }) => strategy, dispensable: 2 },
  { title: 'change', alignment: '<', text: ({ change }) => change },
  {
    title: 'saves',
    alignment: '>',
    text: ({ savedBytes }) => (savedBytes < 0 ? `−${formatBytes(-savedBytes)}` : formatBytes(savedBytes)),
    dispensable: 1,
  },
  { title: 'on card', alignment: '>', text: ({ deviceBytes }) => formatBytes(deviceBytes) },
  { title: 'work', alignment: '>', text: ({ relativeCost }) => formatCost(relativeCost) },
];

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
