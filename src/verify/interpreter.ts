/** Executes the forward program that the estimator priced, with the library's operations: real parameters, losses and optimizer steps. */
import type { Config } from '../config/types.js';
import type { ForwardProgram } from '../ir/forward-program.js';
import type { ValueId } from '../ir/types.js';
import { dimensionsOf } from '../models/dimensions.js';
import { contextOf } from '../runtimes/tfjs/context.js';
import { evaluateScoped } from '../runtimes/tfjs/evaluate.js';
import { tfjsDimensions } from '../runtimes/tfjs/index.js';
import { tapeSegments } from '../runtimes/tfjs/segments.js';
import { accumulatedGradients, type LossAndGradients, lossAndGradients, readForward } from '../runtimes/tfjs/step.js';
import { TrainingArrays } from './arrays.js';
import { taskData } from './data.js';
import type { Library, Tensor, Variable } from './library.js';
import { libraryOptimizer } from './optimizer.js';
import { libraryOps } from './tfjs-ops.js';

export interface StepHooks {
  readonly optimizerBegins: () => void;
  /** Before loss and gradients are let go. */
  readonly stepEnds: () => void;
}

const silent: StepHooks = { optimizerBegins: () => {}, stepEnds: () => {} };

export interface Trainer {
  readonly parameters: ReadonlyMap<ValueId, Variable>;
  /** Takes these samples for the next steps, one for each of the batch; at first they are 0, 1, … */
  readonly load: (samples: readonly number[]) => void;
  /** Of the loaded samples, without an update; `prediction`: `[batch · gridNodes, outputChannels]`. */
  readonly evaluate: () => { readonly loss: number; readonly prediction: Float32Array };
  /** Of the current parameters; the caller disposes both. Absent in inference. */
  readonly gradients: () => LossAndGradients<Tensor>;
  /** One optimizer step, or one prediction in inference. → the loss (0 in inference). */
  readonly step: (hooks?: StepHooks, learningRate?: number) => number;
  readonly dispose: () => void;
}

/** `initial`: values by the parameters' names, where they don't come from a seed. */
export function trainer(
  tf: Library,
  config: Config,
  program: ForwardProgram,
  initial?: ReadonlyMap<string, Float32Array>,
): Trainer {
  const { recipe } = config;
  const task = taskData(config);
  const base = dimensionsOf(config, task.counts);
  const arrays = new TrainingArrays({ tf, config, program, task, dimensions: tfjsDimensions(base, config) }, initial);
  const { parameters, leaves } = arrays;
  const ops = libraryOps(tf, (name) => base[name]! * recipe.batchSize);
  const context = contextOf(ops, program, recipe, arrays);
  const segments = tapeSegments(program, recipe.checkpoint);
  const optimizer = libraryOptimizer(tf, recipe);
  const gradients = () =>
    accumulatedGradients(ops, recipe.accumulate, () => lossAndGradients(context, program, segments, leaves));
  return {
    parameters,
    gradients,
    load: (samples) => arrays.load(samples),
    evaluate: () =>
      readForward(context, program, segments, leaves, (loss, prediction) => ({
        loss: loss.dataSync()[0]!,
        prediction: Float32Array.from(prediction.dataSync()),
      })),
    step({ optimizerBegins, stepEnds } = silent, learningRate?: number) {
      if (program.loss === undefined) {
        const predictions = evaluateScoped(context, program, program.root, leaves);
        stepEnds();
        ops.dispose(predictions);
        return 0;
      }
      const { loss, gradients: found } = gradients();
      if (recipe.optimizer !== 'none') optimizerBegins();
      optimizer.apply(
        program.parameters.flatMap(({ value }) => {
          const gradient = found.get(value);
          return gradient === undefined ? [] : [{ parameter: parameters.get(value)!, gradient }];
        }),
        learningRate,
      );
      stepEnds();
      const value = loss.dataSync()[0]!;
      ops.dispose([loss, ...found.values()]);
      return value;
    },
    dispose() {
      optimizer.dispose();
      ops.dispose(arrays.all());
    },
  };
}
