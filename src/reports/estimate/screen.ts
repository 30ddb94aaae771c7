/** The first screen of an estimate: the answer, why, what to change and how it is written, what the memory is made of. */
import { type Refusable, refusalOf } from '../../models/refusals.js';
import { runtimeTraits } from '../../runtimes/traits.js';
import type { Layout } from '../formats.js';
import { recipeText, subject } from '../subject.js';
import { answerLine, paragraph, styleOf } from '../terminal/blocks.js';
import { indented, labelled, labelledLines, type Part, paste, screen } from '../terminal/screen.js';
import { addingUp, formatBytes, formatBytesPair, inUnit, leftOver, unitOf, unitOfAll } from '../units.js';
import { estimateAnswer } from './answer.js';
import {
  accuracyInShort,
  bytesByPart,
  categories,
  cheapestChanges,
  insideRange,
  reasons,
  stepByStep,
} from './numbers.js';
import type { AnyEstimate, Estimate } from './schema.js';

type ModelConfig = Estimate['config'];

export function estimateScreen(estimate: AnyEstimate, layout: Layout): string {
  const style = styleOf(layout);
  const { config, accuracy } = estimate;
  return screen([
    {
      lines: [
        ...paragraph(subject(config, layout.columns), layout).map((line) => style.dim(line)),
        ...paragraph(answerLine(estimateAnswer(estimate), style), layout),
      ],
    },
    { lines: labelled('for', recipeText(config), layout) },
    { lines: estimate.verdict.kind === 'unknown' ? [] : labelled('why', reasons(estimate).join('; '), layout) },
    ...fix(estimate, layout),
    ...made(estimate, layout),
    { lines: labelled('checked', `${accuracyInShort(accuracy)}${checkedFix(estimate)}`, layout) },
    { lines: labelledLines('next', [next(estimate, layout)], layout) },
  ]);
}

/** Where the fix has other products. */
function checkedFix(estimate: AnyEstimate): string {
  const [cheapest] = cheapestChanges(estimate);
  return cheapest?.range === undefined ? '' : `; the fix: ${insideRange(cheapest.range, 'steps')}`;
}

function fix(estimate: AnyEstimate, layout: Layout): readonly Part[] {
  const { verdict, config } = estimate;
  const [cheapest, ...others] = cheapestChanges(estimate);
  if (!('shortfallBytes' in verdict)) return [];
  if (cheapest === undefined)
    return [
      {
        lines:
          'trace' in config
            ? labelledLines(
                'fix',
                [`gc-plan explain --trace ${config.trace.file}  # what is alive at the peak`],
                layout,
              )
            : labelled(
                'fix',
                `no change was found that makes it fit on one card${runsOnSeveral(config) ? '; advise looks at several' : ''}`,
                layout,
              ),
      },
    ];
  const { change, highBytes, usableBytes, deviceBytes, numerics, relativeCost } = cheapest;
  const fits =
    highBytes === undefined || usableBytes === undefined
      ? `${formatBytes(deviceBytes)} on the card`
      : `at most ${formatBytesPair(highBytes, usableBytes, 'of')}, ${leftOver(usableBytes, highBytes, unitOfAll([highBytes, usableBytes]))} spare`;
  return [
    {
      lines: labelled(
        'fix',
        `${change}${stepByStep(config, change)}: ${fits}${workText(relativeCost)}${numerics ? '; it changes more than memory' : ''}`,
        layout,
      ),
    },
    { lines: indented([cheapest.command]) },
    ...paste(cheapest.code ?? [], layout),
    ...others.map(({ change, deviceBytes: bytes }) => ({
      lines: labelled('or', `${change} (${formatBytes(bytes)} on the card)`, layout),
      dispensable: 3,
    })),
  ];
}

/** Where it is more than nothing. */
const workText = (relativeCost: number | undefined): string =>
  relativeCost === undefined || relativeCost.toFixed(2) === '1.00'
    ? ''
    : `; ${relativeCost.toFixed(2)}× the work per sample`;

/** The smallest table that carries the answer: what adds up to the card's bytes, and what the arrays are. */
function made(estimate: AnyEstimate, layout: Layout): readonly Part[] {
  const { config, memory, peak } = estimate;
  const unit = unitOf(memory.deviceBytes);
  const [live, allocator, context, onCard] = addingUp(
    [
      memory.peakLiveBytes,
      memory.peakReservedBytes - memory.peakLiveBytes,
      memory.deviceBytes - memory.peakReservedBytes,
    ],
    unit,
  );
  const { lowBytes, highBytes } = memory.range;
  const range = `${inUnit(lowBytes, unit)}–${inUnit(highBytes, unit)}`;
  const beside = runtimeTraits[config.runtime].besideArrays?.(config.recipe) ?? 'allocator';
  const sum = `live ${live} + ${beside} ${allocator} + context ${context} = ${onCard} ${unit.name} (${range})`;
  const largest = (parts: readonly (readonly [string, number])[]) => {
    const shown = parts
      .filter(([, bytes]) => bytes > 0 && bytes * 100 >= memory.peakLiveBytes)
      .toSorted((a, b) => b[1] - a[1])
      .map(([name, bytes]) => [name, ((100 * bytes) / memory.peakLiveBytes).toFixed(1)] as const);
    // Of the numbers as they are printed, so that they add up.
    const rest = (100 - shown.reduce((sum, [, percent]) => sum + Number(percent), 0)).toFixed(1);
    return [...shown, ...(Number(rest) > 0 ? [['rest', rest] as const] : [])]
      .map(([name, percent]) => `${name} ${percent}%`)
      .join(', ');
  };
  return [
    { lines: labelled('memory', sum, layout) },
    { lines: labelled('by kind', largest(categories(estimate)), layout), dispensable: 4 },
    { lines: labelled('by part', largest(bytesByPart(estimate)), layout), dispensable: 5 },
    { lines: labelled('peak', `in ${peak.phase}, at ${peak.operation}`, layout), dispensable: 6 },
  ];
}

const isRefused = ({ model, recipe, runtime }: ModelConfig, change: Partial<ModelConfig['recipe']>): boolean =>
  refusalOf({ model, recipe: { ...recipe, ...change }, runtime } as Refusable) !== undefined;

/** Some code bases take one sample, all of them or on several cards. */
const takesLargerBatch = (config: ModelConfig): boolean =>
  !isRefused(config, { batchSize: config.recipe.batchSize + 1 });

/** Of some nothing is known on several cards. */
const runsOnSeveral = (config: ModelConfig): boolean => !isRefused(config, { gpus: 2, parallel: 'data' });

/** What is asked next, and as a comment how to see the rest. */
function next({ verdict, config }: AnyEstimate, { command = 'gc-plan estimate' }: Layout): string {
  if ('trace' in config) return `${command} --details`;
  const other = (name: string) => `${command.replace('gc-plan estimate', `gc-plan ${name}`)}`;
  const question = {
    fits: `${other('solve')} --for ${takesLargerBatch(config) ? 'batch' : 'hidden-dim'}`,
    unknown: other('cards'),
    tight: other('advise'),
    exceeds: other('advise'),
  }[verdict.kind];
  return `${question}  # --details: every number`;
}
