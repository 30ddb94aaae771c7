/**
 * Validation: after the update the model runs over a batch of its own without gradients, and its loss is taken. Nothing is kept, but the last
 * step's gradients stay until the next one clears them, and the optimizer's states stay for good. Lightning's closure (pytorch-lightning
 * 2.6.6, loops/optimization/automatic.py) clears gradients after the next training forward pass, not before validation.
 */
import type { Config } from '../../config/types.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import type { Dimensions, Shape } from '../../ir/shape.js';
import type { Counts } from '../../models/dimensions.js';
import { dimensionsOf } from '../../models/dimensions.js';
import { codeBaseOf } from '../../models/index.js';
import { ForwardPass } from './forward-pass.js';
import type { Steps } from './steps.js';

const prefix = 'validation ';

/** Its own sizes, beside the step's: every symbol once more. */
export function validationDimensions(config: Config, base: Dimensions): Dimensions {
  const batchSize = validationBatch(config);
  if (batchSize === undefined) return {};
  const ofBatch = { ...config, recipe: { ...config.recipe, batchSize } };
  const sizes = { ...base, ...dimensionsOf(ofBatch, base as unknown as Counts) };
  const all = { ...sizes, ...codeBaseOf(config.model.layout).blockRows?.(ofBatch, sizes) };
  return Object.fromEntries(Object.entries(all).map(([symbol, value]) => [prefix + symbol, value]));
}

export function validationOf(config: Config, program: ForwardProgram): Steps['validation'] {
  if (validationBatch(config) === undefined) return undefined;
  const shapes = new Map<Shape, Shape>();
  return {
    atItsSize: (shape) => {
      const known = shapes.get(shape) ?? shape.map(({ symbol, factor }) => ({ symbol: prefix + symbol, factor }));
      shapes.set(shape, known);
      return known;
    },
    pass: (lowering) =>
      lowering.withoutGradients(() => {
        new ForwardPass(program, lowering, { ...config.recipe, mode: 'inference' }).run();
        lowering.recorder.release(lowering.take(program.loss!).storage);
      }),
  };
}

/** Samples of validation, where it is to be counted. */
function validationBatch({ model, recipe }: Config): number | undefined {
  return recipe.mode === 'train' ? codeBaseOf(model.layout).validationBatch?.(model) : undefined;
}
