/** Two steps, of which the second is the one that repeats: what lies on the device, then batch, passes and update of each. */
import { fullElementBytes } from '../../config/choices.js';
import type { Recipe } from '../../config/types.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import type { Shape } from '../../ir/shape.js';
import { type StorageId, TraceRecorder } from '../../memory/recorder.js';
import type { Trace } from '../../memory/trace.js';
import { Lowering } from './lowering.js';
import { type OptimizerSizes, optimizerState, optimizerStep } from './optimizer.js';
import { allocateAverage, allocateBatch, allocateGraphs, allocateParameters, zeroGradients } from './residents.js';

export interface Steps {
  readonly program: ForwardProgram;
  readonly recipe: Recipe;
  readonly sizes: OptimizerSizes;
  /** Whose data one batch holds. */
  readonly numMicroBatches: number;
  /** One step ends before its update. */
  readonly numSteps: 1 | 2;
  /** Called when the first batch lies on the device. → the passes of one step */
  readonly passes: (lowering: Lowering) => () => void;
  /** What follows the last update, with a batch of its own. */
  readonly validation?: { readonly atItsSize: (shape: Shape) => Shape; readonly pass: (lowering: Lowering) => void };
}

export function traceSteps({ program, recipe, sizes, numMicroBatches, numSteps, passes, validation }: Steps): Trace {
  const recorder = new TraceRecorder();
  const lowering = new Lowering(program, recorder, recipe);
  const elementBytes = fullElementBytes(recipe);
  recorder.mark('setup');
  const parameters = allocateParameters(program, lowering, recorder, elementBytes);
  if (recipe.ema) allocateAverage(parameters, recorder, elementBytes);
  allocateGraphs(program, lowering, recorder, elementBytes);
  let batch: readonly StorageId[] = [];
  let runPasses: (() => void) | undefined;
  for (let step = 0; step < numSteps; step++) {
    recorder.mark('setup');
    for (const storage of batch) recorder.release(storage);
    batch = allocateBatch(program, lowering, recorder, recipe, numMicroBatches);
    runPasses ??= passes(lowering);
    recorder.markLastStep();
    recorder.mark('forward');
    recorder.currentCategory = 'temporary';
    if (recipe.setToNone) zeroGradients(recorder, parameters);
    runPasses();
    if (recipe.mode === 'inference' || numSteps === 1) continue;
    recorder.mark('optimizer');
    optimizerStep(recorder, parameters, recipe, elementBytes, step === 0, sizes);
  }
  if (validation !== undefined) {
    for (const storage of batch) recorder.release(storage);
    recorder.atOtherSize = validation.atItsSize;
    allocateBatch(program, lowering, recorder, recipe, numMicroBatches);
    recorder.mark('validation');
    recorder.currentCategory = 'temporary';
    validation.pass(lowering);
  }
  return recorder.finish();
}

/** What lies beside the passes of every later step. */
export function traceState({ program, recipe, sizes }: Pick<Steps, 'program' | 'recipe' | 'sizes'>): Trace {
  const recorder = new TraceRecorder();
  const elementBytes = fullElementBytes(recipe);
  const parameters = program.parameters.map(({ value, used }) => ({ shape: program.values[value]!.shape, used }));
  if (recipe.ema) allocateAverage(parameters, recorder, elementBytes);
  const trained = parameters.filter(({ used }) => used);
  optimizerState(recorder, trained, recipe, elementBytes, sizes);
  recorder.markLastStep();
  return recorder.finish();
}
