/**
 * The first screen of an advice: what is missing and why, the cheapest combination as it is pasted, the best single changes. Where no
 * combination is called for, the first single change is the one that is pasted.
 */

import { estimateAnswer } from '../estimate/answer.js';
import { accuracyInShort, reasons, stepByStep } from '../estimate/numbers.js';
import type { Layout } from '../formats.js';
import { recipeText, subject } from '../subject.js';
import { answerLine, type Block, fittingTable, paragraph, styleOf } from '../terminal/blocks.js';
import { besideLabel, indented, labelled, labelledLines, type Part, paste, screen } from '../terminal/screen.js';
import { formatBytes, formatBytesPair, leftOver, unitOfAll } from '../units.js';
import { changeColumns, formatCost } from './columns.js';
import type { Advice } from './schema.js';

export function adviceScreen(advice: Advice, layout: Layout): string {
  const style = styleOf(layout);
  const { config, accuracy, cheapest, severalGpus } = advice;
  return screen([
    {
      lines: [
        ...paragraph(subject(config, layout.columns), layout).map((line) => style.dim(line)),
        ...paragraph(answerLine(estimateAnswer(advice), style), layout),
      ],
    },
    { lines: labelled('for', recipeText(config), layout) },
    { lines: why(advice, layout) },
    ...(cheapest ? combination('fix', cheapest, 'the card', advice, layout) : []),
    ...(severalGpus ? combination('cards', severalGpus, 'the fullest card', advice, layout) : []),
    ...otherwise(advice, layout),
    ...singles(advice, layout),
    ...(cheapest || severalGpus ? [] : paste(shownSingles(advice, layout)[0]?.code ?? [], layout)),
    { lines: labelled('checked', accuracyInShort(accuracy), layout) },
    { lines: labelledLines('next', [next(advice, layout)], layout) },
  ]);
}

function why(advice: Advice, layout: Layout): Block {
  const numbers =
    advice.cheapest && advice.cheapest.numerics !== 'same' ? ['nothing fits that leaves the numbers as they are'] : [];
  return labelled('why', [...reasons(advice), ...numbers].join('; '), layout);
}

type Combination = NonNullable<Advice['cheapest']>;

const combination = (
  label: string,
  found: Combination,
  where: string,
  { config }: Advice,
  layout: Layout,
): readonly Part[] => [
  { lines: labelled(label, inShort(found, where, config), layout) },
  { lines: indented([found.command]) },
  ...paste(
    found.parts.flatMap(({ code }) => code),
    layout,
  ),
];

function inShort(
  { change: flags, memory, verdict, relativeCost }: Combination,
  where: string,
  config: Advice['config'],
): string {
  const change = `${flags}${stepByStep(config, flags)}`;
  const { highBytes } = memory.range;
  const work = `${formatCost(relativeCost)} the work per sample`;
  if (!('usableBytes' in verdict)) return `${change}: at most ${formatBytes(highBytes)} on ${where}, ${work}`;
  const unit = unitOfAll([highBytes, verdict.usableBytes]);
  return `${change}: at most ${formatBytesPair(highBytes, verdict.usableBytes, 'of')} on ${where}, ${leftOver(verdict.usableBytes, highBytes, unit)} spare; ${work}`;
}

function otherwise(advice: Advice, layout: Layout): readonly Part[] {
  const hasFix = advice.cheapest || advice.severalGpus;
  return otherwiseText(advice).map((text) => ({ lines: labelled(hasFix ? 'or' : 'fix', text, layout) }));
}

/** What there is beside a combination: a larger card, or nothing. */
export function otherwiseText({ verdict, cheapest, smallestDevice }: Advice): readonly string[] {
  if (verdict.kind === 'fits') return [];
  const card = smallestDevice ? `as it is, it fits on ${smallestDevice}` : 'as it is, it fits on no known card';
  const nothing = cheapest ? [] : ['nothing in the catalogue makes it fit on one card'];
  return [[...nothing, card].join('; ')];
}

const mostSingles = 4;

/** Those that still do what was asked, where there are any. */
function firstScreenChanges({ changes }: Advice): Advice['changes'] {
  const same = changes.filter(({ numerics }) => numerics !== 'different');
  return same.length > 0 ? same : changes;
}

const singlesTable = (changes: Advice['changes'], layout: Layout): Block =>
  fittingTable('', changeColumns, changes, besideLabel(layout));

/** Without the longest changes where the table is too wide; `--details` has them all. */
function shownSingles(advice: Advice, layout: Layout): Advice['changes'] {
  const shown = [...firstScreenChanges(advice).slice(0, mostSingles)];
  const isTooWide = () => singlesTable(shown, layout).some((line) => line.length > besideLabel(layout).columns);
  while (shown.length > 1 && isTooWide()) {
    const longest = Math.max(...shown.map(({ change }) => change.length));
    shown.splice(
      shown.findIndex(({ change }) => change.length === longest),
      1,
    );
  }
  return shown;
}

function singles(advice: Advice, layout: Layout): readonly Part[] {
  const shown = shownSingles(advice, layout);
  if (shown.length === 0) return [];
  const [, head = '', first = '', ...more] = singlesTable(shown, layout);
  return [
    { lines: labelledLines('alone', [head, first], layout), dispensable: 2 },
    ...more.map((line, index) => ({ lines: indented([line]), dispensable: 3 + index / 100 })),
  ];
}

function next({ verdict }: Advice, { command = 'gc-plan advise' }: Layout): string {
  const question =
    verdict.kind === 'fits' ? `${command.replace('gc-plan advise', 'gc-plan solve')} --for batch  # ` : `${command} `;
  return `${question}--details${verdict.kind === 'fits' ? ': every change of this one' : ''}`;
}
