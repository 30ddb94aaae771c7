/** What of several GPUs is priced, and for which model: the rest is refused, never ignored. */

import type { Model, Recipe, RuntimeName } from '../config/types.js';
import { InputError } from '../errors.js';
import { codeBaseOf, layoutOf, processorTraits } from '../models/index.js';
import { runtimeTraits } from '../runtimes/traits.js';
import type { Typed } from './typed.js';

const refuse = (recipe: Recipe, reason: string, ...nextSteps: readonly string[]): InputError =>
  new InputError('not-priced', `--parallel ${recipe.parallel}: ${reason}.`, [
    ...nextSteps,
    '--parallel data',
    '--gpus 1',
  ]);

/** A typed order of micro-batches is never ignored. */
export function checkTypedSchedule({ parallel, pipelineSchedule }: Recipe, typed: Typed): void {
  if (!typed.has('pipeline-schedule') || parallel === 'pipeline') return;
  throw new InputError(
    'conflicting-options',
    `--pipeline-schedule ${pipelineSchedule} with --parallel ${parallel}: only a pipeline has an order of micro-batches.`,
    ['--parallel pipeline --gpus 4', 'Leave --pipeline-schedule out.'],
  );
}

/** @throws InputError */
export function checkParallel(recipe: Recipe, model: Model, runtime: RuntimeName): void {
  const { parallel, gpus, mode } = recipe;
  if (gpus === 1 || parallel === 'none' || parallel === 'data') return;
  const isCut = codeBaseOf(model.layout).graphcastShape !== undefined;
  if (parallel.startsWith('zero')) {
    if (mode === 'inference' && parallel !== 'zero3')
      throw refuse(recipe, 'inference has neither gradients nor optimizer state to shard', '--parallel zero3');
    return;
  }
  const { modelParallel } = codeBaseOf(model.layout);
  if (parallel === 'model' && modelParallel && runtimeTraits[runtime].parallel.includes(parallel)) {
    modelParallel.check(recipe, model);
    return;
  }
  if (parallel === 'model' || !isCut || !runtimeTraits[runtime].parallel.includes(parallel))
    throw refuse(recipe, `${layoutOf(model.layout).label} is not cut that way`, '--parallel zero3');
  if (parallel === 'graph') {
    if (model.counts)
      throw refuse(
        recipe,
        'the graph itself is cut, and of a graph of one’s own only the counts are known',
        '--parallel data',
      );
    return;
  }
  if (parallel === 'tensor') {
    const { isMlps } = processorTraits(model);
    if (!isMlps || model.mlpHiddenLayers !== 1 || recipe.concatTrick !== 'off')
      throw refuse(
        recipe,
        'splits MLPs of one hidden layer without the concat trick, in interaction layers',
        `${isMlps ? '' : '--processor interaction '}--concat-trick off --mlp-hidden-layers 1`,
      );
    if (model.hiddenDim % gpus !== 0)
      throw refuse(
        recipe,
        `${gpus} GPUs do not divide --hidden-dim ${model.hiddenDim}`,
        `--hidden-dim ${Math.ceil(model.hiddenDim / gpus) * gpus}`,
      );
    return;
  }
  checkPipeline(recipe, model);
}

/** GPipe holds all of them, so that all are traced, and beyond this an answer takes minutes. */
const maximumMicroBatches = 256;

function checkPipeline(recipe: Recipe, model: Model): void {
  const { layers } = model;
  const { gpus, accumulate, rolloutSteps, checkpoint } = recipe;
  if (rolloutSteps > 1)
    throw refuse(recipe, 'the prediction of a rollout step would go back to the first card', '--rollout 1');
  if (layers < gpus - 2)
    throw refuse(
      recipe,
      `${layers} layers are too few for the ${gpus - 2} cards between encoder and decoder`,
      `--gpus ${layers + 2}`,
      `--layers ${gpus - 2}`,
    );
  if (processorTraits(model).meshEdges === 'embedded' && gpus > 3)
    throw refuse(
      recipe,
      'the embedded edges would go to several cards, and torch.distributed.pipelining sends no gradient back from more than one',
      '--gpus 3',
    );
  if (checkpoint.processor.kind === 'segments')
    throw refuse(recipe, 'segments of the whole processor cross the cards', '--checkpoint processor:every=1');
  if (accumulate > maximumMicroBatches)
    throw refuse(recipe, `at most ${maximumMicroBatches} micro-batches`, `--accumulate ${maximumMicroBatches}`);
}

const outside = 'NCCL’s own buffers are not included';
/** What the numbers of several cards are of. */
export function parallelAssumptions(recipe: Recipe, { layout }: Model, runtime: RuntimeName): readonly string[] {
  const { gpus, parallel } = recipe;
  if (gpus === 1 || parallel === 'none') return [];
  if (parallel === 'pipeline') return pipelineAssumptions(recipe);
  const sharing =
    parallel === 'model' ? codeBaseOf(layout).modelParallel?.sharing : runtimeTraits[runtime].sharing[parallel];
  return [`${gpus} GPUs, the worst rank: ${sharing}; ${outside}.`];
}

function pipelineAssumptions({ gpus, accumulate, pipelineSchedule, mode }: Recipe): readonly string[] {
  const ticks = accumulate + gpus - 1;
  const percent = ((100 * (gpus - 1)) / ticks).toFixed(0);
  const waits = `with ${accumulate} micro-batch${accumulate === 1 ? '' : 'es'} (--accumulate) a card waits for (W − 1) / (M + W − 1) = ${gpus - 1}/${ticks} = ${percent} % of the step, if all stages take equally long`;
  const merged = 'schedule.step() returns the predictions, which the last card keeps';
  const notes = [
    `${gpus} GPUs, the worst rank: torch.distributed.pipelining with the encoder on the first card, the decoder on the last; ${merged}; ${outside}.`,
    `The pipeline’s bubble: ${waits}.`,
  ];
  if (mode === 'inference' || pipelineSchedule === 'gpipe') return notes;
  if (accumulate < gpus)
    notes.push(
      `torch’s Schedule1F1B refuses fewer micro-batches than stages: --accumulate ${gpus}, or --pipeline-schedule gpipe.`,
    );
  if (gpus > 3)
    notes.push(
      'torch’s Schedule1F1B (2.13) waits for its sends in an order in which grid nodes that go from the first card straight to the last hang it from four stages on: wait for the receives only, or use --pipeline-schedule gpipe.',
    );
  return notes;
}
