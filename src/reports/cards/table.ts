/** What a person reads of the cards: how many are enough, a line for each, the others in one sentence. */

import { GiB } from '../../units.js';
import { accuracyInShort } from '../estimate/numbers.js';
import type { Column, Layout } from '../formats.js';
import { recipeText, subjectOfCards } from '../subject.js';
import { answerLine, fittingTable, page, paragraph, styleOf } from '../terminal/blocks.js';
import { labelled, labelledLines, screen } from '../terminal/screen.js';
import { inUnit, leftOver, unitOf, verdictWords } from '../units.js';
import type { Cards } from './schema.js';

type Row = Cards['cards'][number];

/** A screen of 45 lines holds them with what stands around them. */
const mostRows = 28;

export function renderCards(report: Cards, layout: Layout): string {
  const style = styleOf(layout);
  const { all } = report;
  const shown = shownCards(report);
  if (report.top !== undefined) return fewCards(report, shown, layout);
  return page([
    [
      ...paragraph(`${subjectOfCards(report.config, layout.columns)}; ${recipeText(report.config)}`, layout).map(
        (line) => style.dim(line),
      ),
      ...paragraph(answerLine(cardsAnswer(report), style), layout),
    ],
    fittingTable(style.bold('Cards, the cheapest first'), columns(report, all), shown, layout),
    cardNotes(report, shown).flatMap((line) => paragraph(line, layout)),
  ]);
}

/** Those that fit, or all that were asked for. */
export const shownCards = ({ cards, all, top }: Cards): readonly Row[] =>
  all ? cards : cards.filter(({ verdict }) => verdict.kind === 'fits').slice(0, top ?? mostRows);

/** What stands below them. */
export const cardNotes = (report: Cards, shown: readonly Row[]): readonly string[] => [
  ...notes(shown),
  ...(report.all ? [] : rest(report.cards, shown)),
  other(report).join(' '),
];

/** One screen of the cheapest. */
function fewCards(report: Cards, shown: readonly Row[], layout: Layout): string {
  const style = styleOf(layout);
  const { cards, all, config, prices, accuracy } = report;
  const [, ...table] = fittingTable('', columns(report, all), shown, layout);
  const [priced = ''] = prices.source.split(';');
  return screen([
    {
      lines: [
        ...paragraph(subjectOfCards(config, layout.columns), layout).map((line) => style.dim(line)),
        ...paragraph(answerLine(cardsAnswer(report), style), layout),
        ...labelled('for', recipeText(config), layout),
        ...table,
      ],
    },
    { lines: notes(shown).flatMap((line) => paragraph(line, layout)), dispensable: 1 },
    { lines: labelled('others', rest(cards, shown).join(' '), layout), dispensable: 2 },
    { lines: labelled('prices', `${priced}; times are a roofline’s, real steps take longer`, layout) },
    { lines: labelled('checked', accuracyInShort(accuracy), layout) },
    { lines: labelledLines('next', [nextOf(report)], layout) },
  ]);
}

/** Cents, and two digits of what is less than that. */
const priceText = (price: number | undefined): string =>
  price === undefined ? '–' : price < 0.1 && price > 0 ? price.toPrecision(2) : price.toFixed(2);

export function cardsAnswer({ cards, config, prices }: Cards) {
  const { mode } = config.recipe;
  const fitting = cards.filter(({ verdict }) => verdict.kind === 'fits');
  const [first] = fitting;
  if (first === undefined)
    return {
      tone: 'no' as const,
      head: 'no card is enough',
      rest: `: ${mode === 'train' ? 'gc-plan advise' : 'gc-plan advise --mode inference'} looks at changes`,
    };
  const does = `${fitting.length} of ${cards.length} cards ${mode === 'train' ? 'train' : 'run'} it as it is`;
  if (first.pricePerHour === undefined)
    return { tone: 'yes' as const, head: does, rest: `; the smallest is ${rowName(first)}` };
  const money = (price: number) => `${priceText(price)} ${prices.currency ?? ''}`.trim();
  const best = cheapestWork(fitting);
  const work = `1,000 ${mode === 'train' ? 'updates' : 'calls'} (${money(best?.pricePerThousand ?? 0)})`;
  const perWork = best === undefined ? '' : best === first ? ` and per ${work}` : `, ${rowName(best)} per ${work}`;
  const perHour = `${rowName(first)} is the cheapest per hour (${money(first.pricePerHour)})`;
  return { tone: 'yes' as const, head: does, rest: `: ${perHour}${perWork}` };
}

/** By what a thousand updates or calls cost at least. */
const cheapestWork = (fitting: readonly Row[]): Row | undefined =>
  fitting
    .filter(({ pricePerThousand }) => pricePerThousand !== undefined)
    .toSorted((a, b) => a.pricePerThousand! - b.pricePerThousand!)[0];

/** The best of what fits; where nothing does, what would make it. */
function nextOf({ cards }: Cards): string {
  const fitting = cards.filter(({ verdict }) => verdict.kind === 'fits');
  const best = cheapestWork(fitting) ?? fitting[0];
  const [smallest] = cards;
  if (best !== undefined) return best.command;
  return smallest === undefined ? 'gc-plan profiles' : smallest.command.replace('gc-plan estimate', 'gc-plan advise');
}

export const rowName = ({ device, gpus }: Row): string => (gpus > 1 ? `${gpus} × ${device.name}` : device.name);

/** One unit for what adds up. */
const gibibytes = (bytes: number): string => inUnit(bytes, unitOf(GiB));

export function columns({ config }: Cards, all: boolean): readonly Column<Row>[] {
  const train = config.recipe.mode === 'train';
  const time = (ms: number | undefined) => (ms === undefined ? '–' : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`);
  return [
    { title: 'card', alignment: '<', text: (row) => `${rowName(row)}${row.note === undefined ? '' : ' *'}` },
    ...(all
      ? [{ title: 'verdict', alignment: '<' as const, text: ({ verdict }: Row) => verdictWords[verdict.kind] }]
      : []),
    { title: 'usable GiB', alignment: '>', text: ({ verdict }) => usable(verdict), dispensable: 1 },
    { title: 'at most', alignment: '>', text: ({ range }) => gibibytes(range.highBytes) },
    { title: 'spare', alignment: '>', text: spare },
    { title: train ? 'step ≥' : 'call ≥', alignment: '>', text: ({ stepTimeMs }) => time(stepTimeMs) },
    { title: 'an hour', alignment: '>', text: ({ pricePerHour }) => priceText(pricePerHour) },
    {
      title: train ? '1,000 updates ≥' : '1,000 calls ≥',
      alignment: '>',
      text: ({ pricePerThousand }) => priceText(pricePerThousand),
      dispensable: 2,
    },
  ];
}

const usable = (verdict: Row['verdict']): string => ('usableBytes' in verdict ? gibibytes(verdict.usableBytes) : '');

const spare = ({ verdict, range }: Row): string =>
  'usableBytes' in verdict ? leftOver(verdict.usableBytes, range.highBytes, unitOf(GiB)) : '';

function notes(shown: readonly Row[]): readonly string[] {
  const noted = shown.filter(({ note }) => note !== undefined);
  const each = [...new Set(noted.map(({ note }) => note))].map((note) => `* ${note}`);
  const several = shown.flatMap(({ change, gpus, device }) => (change ? [`${gpus} × ${device.name}: ${change}`] : []));
  return [...each, ...several];
}

function rest(cards: readonly Row[], shown: readonly Row[]): readonly string[] {
  const others = (kind: Row['verdict']['kind']) =>
    cards.filter((row) => !shown.includes(row) && row.verdict.kind === kind);
  const names = (rows: readonly Row[]) => rows.map(({ device }) => device.name).join(', ');
  const [more, tight, small] = [others('fits'), others('tight'), others('exceeds')];
  const sentences = [
    ...(more.length > 0 ? [`${more.length} more fit.`] : []),
    ...(tight.length > 0 ? [`May fit: ${names(tight)}.`] : []),
    ...(small.length > 0 ? [`Too small as it is: ${small.length} cards; gc-plan advise looks for changes.`] : []),
    ...(more.length + small.length > 0 ? ['--all lists them.'] : []),
  ];
  return sentences.length === 0 ? [] : [sentences.join(' ')];
}

function other({ notProposed, prices, accuracy: known }: Cards): readonly string[] {
  return [
    ...(notProposed === undefined ? [] : [`${notProposed.reason}: ${notProposed.cards.length} of AMD’s are left out.`]),
    `Prices: ${prices.source}. Times are a roofline’s: real steps take longer.`,
    `${accuracyInShort(known)}.`,
  ];
}
