/** PyTorch eager: two training steps (the second is the one that repeats), or two inference passes. */
import type { Config } from '../../config/types.js';
import { type StorageId, TraceRecorder } from '../../memory/recorder.js';
import type { Trace } from '../../memory/trace.js';
import { axis } from '../../program/shape.js';
import type { ForwardProgram } from '../../program/types.js';
import type { Runtime } from '../types.js';
import { Lowering } from './lowering.js';
import { mapperDimensions } from './mapper-dimensions.js';
import { optimizerStep } from './optimizer.js';
import { judgePyTorch, pytorchProcess } from './process.js';
import { allocateBatch, allocateGraphs, allocateParameters, type ResidentParameter } from './residents.js';
import { segmentPyTorch } from './segments.js';

const scalar = [axis('one')];

/** Micro-steps after the second add to the same gradients: they repeat it exactly. */
const maxTracedMicroSteps = 2;

function tracePyTorch(program: ForwardProgram, { recipe }: Config): Trace {
  const recorder = new TraceRecorder();
  const lowering = new Lowering(program, recorder, recipe);
  const elementBytes = recipe.precision === 'bf16-full' ? 2 : 4;
  recorder.mark('setup');
  const parameters = allocateParameters(program, lowering, recorder, elementBytes);
  allocateGraphs(program, lowering, recorder, elementBytes);
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
    optimizerStep(recorder, parameters, recipe.optimizer, elementBytes, step === 0);
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
  trace: tracePyTorch,
  process: pytorchProcess,
  judge: judgePyTorch,
};
