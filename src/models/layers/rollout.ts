/**
 * Targets and loss, and the steps of a rollout for the code bases whose next input is the window moved on: the last prediction joins what
 * is still in it.
 */
import type { Recipe } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import type { OperationOf } from '../../ir/operations.js';
import type { Segmentation } from '../../ir/segmentation.js';
import type { ValueId } from '../../ir/types.js';

/** What a step of a rollout is held against, and how; `kept`: what the step holds on to until it returns. */
export interface RolloutLoss {
  readonly declareTarget: (builder: ProgramBuilder, rolloutStep: number) => ValueId;
  readonly of: (prediction: ValueId, target: ValueId) => readonly [loss: ValueId, kept?: ValueId];
}

const meanSquaredError = (builder: ProgramBuilder): RolloutLoss => ({
  declareTarget,
  of: (prediction, target) => [lossOf(builder, prediction, target, 'mse')],
});

/**
 * How often each step that is written runs: one for all; of a loop the first, and the second for all later ones. Elsewhere two steps at
 * the beginning are unlike the others, and three at the end, whose backward pass comes first: gradients begin, and then meet.
 */
export function timesOfSteps({ rolloutSteps }: Recipe, { longRollout }: Segmentation): readonly number[] {
  if (longRollout === 'loop' && rolloutSteps > 2) return [1, rolloutSteps - 1];
  if (longRollout === 'repeated' && rolloutSteps > 6) return [1, 1, rolloutSteps - 5, 1, 1, 1];
  return Array.from({ length: rolloutSteps }, () => 1);
}

/** `step` maps an input and its number to a prediction; the losses (torch's mse_loss where none is given) are summed. */
export function rolloutProgram(
  builder: ProgramBuilder,
  recipe: Recipe,
  segmentation: Segmentation,
  step: (input: ValueId, rolloutStep: number, times: number) => ValueId,
  { declareTarget: targetOf, of }: RolloutLoss = meanSquaredError(builder),
): ForwardProgram {
  const input = builder.input('gridInput', builder.rows('gridNodes', 'inputChannels'));
  const training = recipe.mode === 'train';
  const steps = timesOfSteps(recipe, segmentation);
  const targets = training ? steps.map((_, i) => targetOf(builder, i)) : [];
  const [result] = builder.call({ name: 'step' }, {}, (frame) => {
    frame.set('input', input);
    for (const [rolloutStep, times] of steps.entries()) {
      const prediction = step(frame.locals.get('input')!, rolloutStep, times);
      builder.predictions.push(prediction);
      // A forecast keeps the prediction of every step: its list of them is what the loop is for.
      if (steps.length > 1) frame.set(training ? 'prediction' : `prediction ${rolloutStep}`, prediction);
      const target = targets[rolloutStep];
      if (target !== undefined) {
        const [loss, kept] = of(prediction, target);
        if (kept !== undefined) {
          frame.set('prediction', prediction);
          frame.set(`kept prediction ${rolloutStep}`, kept);
        }
        const total = frame.locals.get('total');
        frame.set('total', total === undefined ? loss : builder.add(total, loss, 'sum losses'));
      }
      if (rolloutStep + 1 === steps.length) return training ? [frame.locals.get('total')!] : builder.predictions;
      const shape = builder.values[input]!.shape;
      frame.set('input', builder.join([prediction, input], shape, 'next input'));
    }
    return [];
  });
  if (targets.length > 0) builder.loss = result!;
  return builder.finish();
}

/** `[gridNodes, outputChannels]`, what a rollout step should predict. */
export const declareTarget = (builder: ProgramBuilder, rolloutStep: number): ValueId =>
  builder.input(`target${rolloutStep}`, builder.rows('gridNodes', 'outputChannels'));

export function lossOf(
  builder: ProgramBuilder,
  prediction: ValueId,
  target: ValueId,
  kernel?: NonNullable<OperationOf<'loss'>['kernel']>,
): ValueId {
  const spec = { name: 'loss', role: { kind: 'loss' }, module: 'loss' } as const;
  const operation = { kind: 'loss', prediction, target, ...(kernel && { kernel }) } as const;
  const [loss] = builder.call(spec, { prediction }, () => [builder.emit(builder.scalar(), 'loss', operation)]);
  return loss!;
}
