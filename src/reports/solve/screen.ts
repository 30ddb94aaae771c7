/** The first screen of a solution: the value, how close it and the next one are to the card, and what another plan would allow. */

import { accuracyInShort, reasons } from '../estimate/numbers.js';
import type { Column, Layout } from '../formats.js';
import { recipeText, subject } from '../subject.js';
import { answerLine, fittingTable, paragraph, styleOf } from '../terminal/blocks.js';
import { besideLabel, indented, labelled, labelledLines, type Part, screen } from '../terminal/screen.js';
import { inUnit, leftOver, unitOfAll, verdictWords } from '../units.js';
import { solutionAnswer, workPerSample } from './answer.js';
import type { Solution } from './schema.js';

export function solutionScreen(solution: Solution, layout: Layout): string {
  const style = styleOf(layout);
  const { best, next, accuracy } = solution;
  const shown = (best ?? next)!;
  const { command = 'gc-plan solve' } = layout;
  return screen([
    {
      lines: [
        ...paragraph(subject(shown.config, layout.columns), layout).map((line) => style.dim(line)),
        ...paragraph(answerLine(solutionAnswer(solution), style), layout),
      ],
    },
    { lines: labelled('for', recipeText(shown.config), layout) },
    {
      lines: labelled(
        'why',
        `${next ? `--${solution.for} ${next.value}: ` : ''}${reasons(next ?? shown).join('; ')}`,
        layout,
      ),
    },
    ...table(solution, layout),
    { lines: labelledLines(best ? 'as it is' : 'least', [shown.command], layout) },
    ...withPlan(solution, layout),
    { lines: labelled('checked', accuracyInShort(accuracy), layout) },
    { lines: labelledLines('next', [`${command} --details`], layout) },
  ]);
}

export type Answer = NonNullable<Solution['best']>;

function table(solution: Solution, layout: Layout): readonly Part[] {
  const [, ...lines] = fittingTable('', answerColumns(solution), answersOf(solution), besideLabel(layout));
  return [{ lines: indented(lines) }];
}

/** The value that fits, the next one, and the one that another plan allows. */
export const answersOf = ({ best, next, withPlan: planned }: Solution): readonly Answer[] =>
  [best, next, planned].filter((answer): answer is Answer => answer !== undefined);

export function answerColumns(solution: Solution): readonly Column<Answer>[] {
  const unit = unitOfAll(answersOf(solution).map(({ memory }) => memory.range.highBytes));
  const usable = ({ verdict }: Answer) => ('usableBytes' in verdict ? verdict.usableBytes : 0);
  return [
    {
      title: `--${solution.for}`,
      alignment: '<',
      text: (answer) => `${answer.value}${answer === solution.withPlan ? ' *' : ''}`,
    },
    { title: 'verdict', alignment: '<', text: ({ verdict }) => verdictWords[verdict.kind] },
    { title: `at most ${unit.name}`, alignment: '>', text: ({ memory }) => inUnit(memory.range.highBytes, unit) },
    { title: 'usable', alignment: '>', text: (answer) => inUnit(usable(answer), unit) },
    { title: 'spare', alignment: '>', text: (answer) => leftOver(usable(answer), answer.memory.range.highBytes, unit) },
    { title: 'work per sample', alignment: '>', text: workPerSample, dispensable: 1 },
  ];
}

/** How much a plan of recomputation would make of the card. */
function withPlan({ withPlan: planned, for: key }: Solution, layout: Layout): readonly Part[] {
  if (planned === undefined) return [];
  const work = `${planned.relativeCost.toFixed(2)}× the work per sample`;
  return [
    {
      lines: labelled('*', `--${key} ${planned.value} with ${planned.change}, ${work}`, layout),
    },
    { lines: indented([planned.command]) },
  ];
}
