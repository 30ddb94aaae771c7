/** Steps of a rollout for the code bases whose next input is the window moved on: the last prediction joins what is still in it. */
import type { Recipe } from '../../config/types.js';
import type { ProgramBuilder } from '../../ir/builder.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import type { Segmentation } from '../../ir/segmentation.js';
import type { ValueId } from '../../ir/types.js';
import { declareTarget, lossOf } from './loss.js';

/** What a step of a rollout is held against, and how; `kept`: what the step holds on to until it returns. */
export interface RolloutLoss {
  readonly declareTarget: (builder: ProgramBuilder, rolloutStep: number) => ValueId;
  readonly of: (prediction: ValueId, target: ValueId) => readonly [loss: ValueId, kept?: ValueId];
}

const meanSquaredError = (builder: ProgramBuilder): RolloutLoss => ({
  declareTarget,
  of: (prediction, target) => [lossOf(builder, prediction, target, 'mse')],
});

/** How often each step that is written runs: one for all; of a loop the first, and the second for all later ones. */
export function timesOfSteps({ rolloutSteps }: Recipe, { rolloutIsLoop }: Segmentation): readonly number[] {
  if (rolloutIsLoop && rolloutSteps > 2) return [1, rolloutSteps - 1];
  return Array.from({ length: rolloutSteps }, () => 1);
}

/** `step` maps an input and its number to a prediction; the losses (torch's mse_loss where none is given) are summed. */
export function rolloutProgram(
  builder: ProgramBuilder,
  { mode, rolloutSteps }: Recipe,
  step: (input: ValueId, rolloutStep: number) => ValueId,
  { declareTarget: targetOf, of }: RolloutLoss = meanSquaredError(builder),
): ForwardProgram {
  const input = builder.input('gridInput', builder.rows('gridNodes', 'inputChannels'));
  const numTargets = mode === 'train' ? rolloutSteps : 0;
  const targets = Array.from({ length: numTargets }, (_, i) => targetOf(builder, i));
  const [result] = builder.call({ name: 'step' }, {}, (frame) => {
    frame.set('input', input);
    for (let rolloutStep = 0; rolloutStep < rolloutSteps; rolloutStep++) {
      const prediction = step(frame.locals.get('input')!, rolloutStep);
      builder.predictions.push(prediction);
      // A forecast keeps the prediction of every step: its list of them is what the loop is for.
      if (rolloutSteps > 1) frame.set(mode === 'train' ? 'prediction' : `prediction ${rolloutStep}`, prediction);
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
      if (rolloutStep + 1 === rolloutSteps)
        return mode === 'train' ? [frame.locals.get('total')!] : builder.predictions;
      const shape = builder.values[input]!.shape;
      frame.set('input', builder.join([prediction, input], shape, 'next input'));
    }
    return [];
  });
  if (targets.length > 0) builder.loss = result!;
  return builder.finish();
}
