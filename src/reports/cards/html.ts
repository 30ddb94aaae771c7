/** The page of the cards: those that fit with their price, the cheapest first, each against what the configuration takes. */
import { subjectOf } from '../config-line.js';
import type { Layout } from '../formats.js';
import { barChart, verdictBar } from '../pages/bars.js';
import { html } from '../pages/markup.js';
import { codeBlock, columnTable, list, renderPage, section, typedCommand } from '../pages/page.js';
import { recipeText, subjectOfCards } from '../subject.js';
import type { Cards } from './schema.js';
import { cardNotes, cardsAnswer, columns, rowName, shownCards } from './table.js';

/** What to type for the cheapest few. */
const mostCommands = 3;

export function renderCardsPage(report: Cards, layout: Layout): string {
  const { config, cards, all, accuracy, assumptions, prices, tool } = report;
  const { tone, head, rest } = cardsAnswer(report);
  const shown = shownCards(report);
  const fitting = shown.filter(({ verdict }) => verdict.kind === 'fits');
  const listed = shown.length === 0 ? cards.slice(0, 10) : shown;
  return renderPage({
    question: `Which card is enough for ${subjectOf(config)}?`,
    answer: { tone, text: head + rest },
    subject: subjectOfCards(config),
    setting: recipeText(config),
    sections: [
      section(
        'The cards',
        columnTable('The cheapest first', columns(report, all || shown.length === 0), listed),
        list(cardNotes(report, shown)),
      ),
      section(
        'What they have, and what it takes',
        barChart(
          'Upper end of the range, of each card',
          listed.map((row) => verdictBar(rowName(row), row.verdict, row.range)),
        ),
      ),
      ...(fitting.length === 0
        ? []
        : [
            section(
              'What to type',
              ...fitting.slice(0, mostCommands).map((row) => html`<h3>${rowName(row)}</h3>\n${codeBlock(row.command)}`),
            ),
          ]),
      section('Where the prices are from', list([prices.source, ...prices.sources])),
    ],
    assumptions,
    accuracy,
    commands: typedCommand(layout, 'gc-plan cards'),
    tool,
    date: layout.date,
  });
}
