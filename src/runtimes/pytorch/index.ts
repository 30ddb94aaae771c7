/** PyTorch eager: two training steps (the second is the one that repeats), or two inference passes. */
import { offloadsOptimizer } from '../../config/offload.js';
import type { Config } from '../../config/types.js';
import { type StorageId, TraceRecorder } from '../../memory/recorder.js';
import type { Trace } from '../../memory/trace.js';
import { dimensionsOf } from '../../program/dimensions.js';
import { axis, type Dimensions, numElements } from '../../program/shape.js';
import type { ForwardProgram } from '../../program/types.js';
import { counts } from '../../topology/counts.js';
import type { Runtime } from '../types.js';
import { Lowering } from './lowering.js';
import { mapperDimensions } from './mapper-dimensions.js';
import { type NumElementsOf, optimizerStep } from './optimizer.js';
import { judgePyTorch, pytorchProcess } from './process.js';
import { allocateBatch, allocateGraphs, allocateParameters, type ResidentParameter } from './residents.js';
import { segmentPyTorch } from './segments.js';

const scalar = [axis('one')];

/** Micro-steps after the second add to the same gradients: they repeat it exactly. */
const maxTracedMicroSteps = 2;

function tracePyTorch(program: ForwardProgram, config: Config): Trace {
  const { recipe } = config;
  const recorder = new TraceRecorder();
  const lowering = new Lowering(program, recorder, recipe);
  const elementBytes = recipe.precision === 'bf16-full' ? 2 : 4;
  recorder.mark('setup');
  const parameters = allocateParameters(program, lowering, recorder, elementBytes);
  allocateGraphs(program, lowering, recorder, elementBytes);
  const sizes = { numElementsOf: sizesIn(config), offloaded: offloadsOptimizer(recipe) };
  let batch: readonly StorageId[] = [];
  for (let step = 0; step < 2; step++) {
    recorder.mark('setup');
    for (const storage of batch) recorder.release(storage);
    batch = allocateBatch(program, lowering, recorder, elementBytes);
    recorder.markLastStep();
    recorder.mark('forward');
    recorder.currentCategory = 5;
    if (recipe.mode === 'inference') {
      lowering.forward();
      continue;
    }
    zeroGradients(recorder, parameters);
    for (let micro = 0; micro < Math.min(recipe.accumulate, maxTracedMicroSteps); micro++) {
      if (micro > 0) recorder.mark('forward');
      forwardAndBackward(lowering, recorder);
    }
    recorder.mark('optimizer');
    optimizerStep(recorder, parameters, recipe.optimizer, elementBytes, step === 0, sizes);
  }
  return recorder.finish();
}

/** zero_grad(set_to_none=True) */
function zeroGradients(recorder: TraceRecorder, parameters: readonly ResidentParameter[]): void {
  for (const { accumulator } of parameters) {
    if (accumulator.gradient !== undefined) recorder.release(accumulator.gradient.storage);
    accumulator.gradient = undefined;
  }
}

/** Looked up by the rules alone that tell small parameters from large ones. */
function sizesIn(config: Config): NumElementsOf {
  let dimensions: Dimensions | undefined;
  return (shape) => {
    dimensions ??= dimensionsOf(config, counts(config.model));
    return numElements(shape, dimensions);
  };
}

/** Those rules make other traces at other widths. */
const sizeClass = ({ model, recipe }: Config): string =>
  recipe.optimizer === 'adamw-8bit' || offloadsOptimizer(recipe) ? JSON.stringify(model) : '';

function forwardAndBackward(lowering: Lowering, recorder: TraceRecorder): void {
  const firstStorage = recorder.numStorages;
  const loss = lowering.forward()!;
  recorder.categorizeLiveAsActivation(firstStorage);
  recorder.mark('backward');
  recorder.currentOperation = recorder.operation('gradient of the loss');
  const one = lowering.pool.make(scalar, loss.elementBytes);
  recorder.release(loss.storage);
  if (loss.target?.kind === 'node') lowering.engine.run(loss.target, one);
}

export const pytorchRuntime: Runtime = {
  segment: segmentPyTorch,
  dimensions: (base, config) => ({ ...base, ...mapperDimensions(config, base) }),
  sizeClass,
  trace: tracePyTorch,
  process: pytorchProcess,
  judge: judgePyTorch,
};
