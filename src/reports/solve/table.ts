/** What a person reads of a solution: the value, then how close it and the next one are to the card. */
import type { ChalkInstance } from 'chalk';
import { formatCheckpoint } from '../../config/checkpoint.js';
import { cardName } from '../estimate/answer.js';
import type { Layout } from '../formats.js';
import { columns, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { formatBytes, formatCount, formatFlops } from '../units.js';
import type { Solution } from './schema.js';

export function renderSolution(solution: Solution, layout: Layout): string {
  const style = styleOf(layout);
  const answers = [solution.best, solution.next].filter((answer) => answer !== undefined);
  return page([
    [
      ...paragraph(answerLine(solution, style), layout),
      ...paragraph(setting(answers[0]!), layout).map((line) => style.dim(line)),
    ],
    columns(
      style.bold('On the card'),
      [[`--${solution.for}`, 'verdict', 'live', 'reserved', 'on card', 'spare', 'per sample'], ...answers.map(row)],
      '<<>>>>>',
    ),
    list(
      style.bold('To reproduce'),
      answers.map(({ command }) => command),
      layout,
    ),
    list(style.bold('Assumptions'), solution.assumptions, layout),
  ]);
}

type Answer = NonNullable<Solution['best']>;

const superlative = {
  batch: 'largest',
  'hidden-dim': 'largest',
  layers: 'largest',
  rollout: 'largest',
  resolution: 'finest',
  'mesh-level': 'largest',
  gpus: 'smallest',
} as const;

function answerLine(
  { for: key, best, next, refused, device, numJudged, numValues }: Solution,
  style: ChalkInstance,
): string {
  if (best === undefined)
    return `${style.red.bold(`no --${key} fits on ${cardName({ device })}`)}: not even ${next?.value}`;
  const end = next
    ? `${next.value} does not fit`
    : refused
      ? `${refused.value} cannot run, since ${refused.reason} (${refused.source})`
      : 'the last that can be typed';
  return `${style.green.bold(`--${key} ${best.value}`)} is the ${superlative[key]} that fits on ${cardName({ device })}: ${end} (${formatCount(numJudged)} priced in full${numJudged < numValues ? ', the others ruled out by their live arrays' : ''})`;
}

const setting = ({ config: { model, recipe, runtime } }: Answer): string =>
  `${model.name} · ${model.hiddenDim}/${model.layers} · ${runtime} · ${recipe.precision} · batch ${recipe.batchSize} · ${recipe.mode === 'train' ? `checkpoint ${formatCheckpoint(recipe.checkpoint)}` : 'inference'}`;

function row({ value, verdict, memory, cost, config }: Answer): readonly string[] {
  const spare =
    'headroomBytes' in verdict
      ? formatBytes(verdict.headroomBytes)
      : 'shortfallBytes' in verdict
        ? `−${formatBytes(verdict.shortfallBytes)}`
        : '';
  return [
    String(value),
    verdict.kind,
    formatBytes(memory.peakLiveBytes),
    formatBytes(memory.peakReservedBytes),
    formatBytes(memory.deviceBytes),
    spare,
    formatFlops((cost.trainFlops || cost.forwardFlops) / config.recipe.batchSize),
  ];
}
