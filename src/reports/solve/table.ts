/** What a person reads of a solution: the value, then how close it and the next one are to the card. */
import type { Layout } from '../formats.js';
import { recipeText, subject } from '../subject.js';
import { answerLine, columns, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { formatBytes, verdictWords } from '../units.js';
import { howMany, solutionAnswer, workPerSample } from './answer.js';
import type { Solution } from './schema.js';
import { solutionScreen } from './screen.js';

export const renderSolution = (solution: Solution, layout: Layout): string =>
  layout.details ? allOf(solution, layout) : solutionScreen(solution, layout);

function allOf(solution: Solution, layout: Layout): string {
  const style = styleOf(layout);
  const answers = [solution.best, solution.next].filter((answer) => answer !== undefined);
  return page([
    [
      ...paragraph(subject(answers[0]!.config, layout.columns), layout).map((line) => style.dim(line)),
      ...paragraph(`${answerLine(solutionAnswer(solution), style)} (${howMany(solution)})`, layout),
      ...paragraph(recipeText(answers[0]!.config), layout).map((line) => style.dim(line)),
    ],
    columns(
      style.bold('On the card'),
      [[`--${solution.for}`, 'verdict', 'live', 'reserved', 'on card', 'spare', 'per sample'], ...answers.map(row)],
      '<<>>>>>',
    ),
    [style.bold('To reproduce'), ...answers.map(({ command }) => command)],
    list(style.bold('Assumptions'), solution.assumptions, layout),
  ]);
}

type Answer = NonNullable<Solution['best']>;

function row(answer: Answer): readonly string[] {
  const { value, verdict, memory } = answer;
  const spare =
    'headroomBytes' in verdict
      ? formatBytes(verdict.headroomBytes)
      : 'shortfallBytes' in verdict
        ? `−${formatBytes(verdict.shortfallBytes)}`
        : '';
  return [
    String(value),
    verdictWords[verdict.kind],
    formatBytes(memory.peakLiveBytes),
    formatBytes(memory.peakReservedBytes),
    formatBytes(memory.deviceBytes),
    spare,
    workPerSample(answer),
  ];
}
