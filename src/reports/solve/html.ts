/** The page of a solution: the largest value, the next one, and what another plan would allow, each against the card. */
import { configLine } from '../config-line.js';
import { reasons } from '../estimate/numbers.js';
import type { Layout } from '../formats.js';
import { barChart, verdictBar } from '../pages/bars.js';
import { html, type Markup } from '../pages/markup.js';
import { codeBlock, columnTable, list, renderPage, section, typedCommand } from '../pages/page.js';
import { cardName, recipeText, subject } from '../subject.js';
import { howMany, solutionAnswer } from './answer.js';
import type { Solution } from './schema.js';
import { type Answer, answerColumns, answersOf } from './screen.js';

export function renderSolutionPage(solution: Solution, layout: Layout): string {
  const { for: key, best, next, device } = solution;
  const shown = (best ?? next)!;
  const { tone, head, rest } = solutionAnswer(solution);
  return renderPage({
    question: `Which --${key} fits on ${cardName({ device })}?`,
    answer: { tone, text: head + rest },
    subject: subject(shown.config),
    setting: recipeText(shown.config),
    sections: [
      section('Why', list([...reasons(next ?? shown), howMany(solution)])),
      section(
        'On the card',
        barChart(
          'Upper end of the range',
          answersOf(solution).map((answer) =>
            verdictBar(nameOf(solution, answer), answer.verdict, answer.memory.range),
          ),
        ),
        columnTable(`What --${key} takes`, answerColumns(solution), answersOf(solution)),
      ),
      ...planSection(solution),
      section('What to type', ...answersOf(solution).map((answer) => typed(solution, answer))),
    ],
    assumptions: solution.assumptions,
    accuracy: solution.accuracy,
    commands: typedCommand(layout, 'gc-plan solve'),
    tool: solution.tool,
    date: layout.date,
  });
}

const nameOf = ({ for: key, withPlan }: Solution, answer: Answer): string =>
  `--${key} ${answer.value}${answer === withPlan ? ` ${withPlan.change}` : ''}`;

const typed = (solution: Solution, answer: Answer): Markup =>
  html`<h3>${nameOf(solution, answer)}</h3>
${codeBlock(answer.command)}<p class="soft">${configLine(answer)}</p>`;

function planSection({ for: key, withPlan }: Solution): readonly Markup[] {
  if (withPlan === undefined) return [];
  const { value, change, relativeCost } = withPlan;
  return [
    section(
      'With another plan',
      html`<p><strong>--${key} ${String(value)}</strong> with ${change}: ${relativeCost.toFixed(2)}× the work per sample</p>`,
    ),
  ];
}
