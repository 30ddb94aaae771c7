/**
 * One stage of a pipeline, as torch.distributed.pipelining runs it (torch 2.13: `stage.py`, `schedules.py`, `_backward.py`): micro-batches
 * in the schedule's order, the graph and the results of each kept from its forward to its backward pass (`fwd_cache`). A backward pass
 * starts from received gradients and leaves those of what was received, until they are sent. The last stage keeps the predictions of all
 * micro-batches until the next step (`output_chunks`) and returns them in one tensor.
 */
import type { Recipe } from '../../config/types.js';
import { type StorageId, TraceRecorder } from '../../memory/recorder.js';
import { categories, type Trace } from '../../memory/trace.js';
import { constant } from '../../program/shape.js';
import type { ForwardProgram, PipelineStage } from '../../program/types.js';
import { gradientOfLoss, Lowering } from './lowering.js';
import { type OptimizerSizes, optimizerStep } from './optimizer.js';
import { allocateReceiveBuffers, type ReceiveBuffers } from './pipeline-buffers.js';
import { numInFlight, stageOrder } from './pipeline-schedule.js';
import { allocateBatch, allocateGraphs, allocateParameters, zeroGradients } from './residents.js';
import type { Tensor } from './tape.js';

/**
 * `maxTraced`: how many micro-batches are traced. With n in flight the first backward pass makes the gradients of the parameters, and
 * the pair of passes after it finds n − 1 graphs, these gradients and what the one before has sent: so does every later pair. All that
 * later ones add are predictions.
 */
export function traceStage(
  program: ForwardProgram,
  stage: PipelineStage,
  recipe: Recipe,
  sizes: OptimizerSizes,
  maxTraced = numInFlight(recipe, stage.index) + 1,
): Trace {
  const recorder = new TraceRecorder();
  const lowering = new Lowering(program, recorder, recipe);
  const elementBytes = recipe.precision === 'bf16-full' ? 2 : 4;
  recorder.mark('setup');
  const parameters = allocateParameters(program, lowering, recorder, elementBytes);
  allocateGraphs(program, lowering, recorder, elementBytes);
  let batch: readonly StorageId[] = [];
  let run: StageRun | undefined;
  for (let step = 0; step < 2; step++) {
    recorder.mark('setup');
    for (const storage of batch) recorder.release(storage);
    batch = allocateBatch(program, lowering, recorder, elementBytes, recipe.accumulate);
    run ??= new StageRun(program, stage, recipe, lowering, allocateReceiveBuffers(program, stage, recipe, recorder));
    recorder.markLastStep();
    recorder.mark('forward');
    recorder.currentCategory = categories.indexOf('temporary');
    zeroGradients(recorder, parameters);
    run.step(Math.min(maxTraced, recipe.accumulate));
    if (recipe.mode === 'inference') continue;
    recorder.mark('optimizer');
    optimizerStep(recorder, parameters, recipe.optimizer, elementBytes, step === 0, sizes);
  }
  return recorder.finish();
}

class StageRun {
  private readonly recorder: TraceRecorder;
  /** Results of the micro-batches in flight, in the order of `sent`. */
  private readonly results = new Map<number, readonly Tensor[]>();
  /** Of every micro-batch of the step. */
  private readonly losses = new Map<number, Tensor>();
  private keptUntilNextStep: Tensor[] = [];
  /** Gradients on their way to other stages. */
  private sending: StorageId[] = [];

  constructor(
    private readonly program: ForwardProgram,
    private readonly stage: PipelineStage,
    private readonly recipe: Recipe,
    private readonly lowering: Lowering,
    private readonly buffers: ReceiveBuffers,
  ) {
    this.recorder = lowering.recorder;
  }

  step(numTraced: number): void {
    const { mode, accumulate } = this.recipe;
    this.release(this.keptUntilNextStep);
    for (const { kind, microBatch } of stageOrder(numTraced, Math.min(numTraced, this.inFlight))) {
      if (kind === 'backward') {
        if (mode === 'train') this.backward(microBatch);
        continue;
      }
      if (microBatch > 0) this.recorder.mark('forward');
      if (microBatch === numTraced - 1) this.skip(numTraced, accumulate);
      this.forward(microBatch);
    }
    for (const { storage } of this.losses.values()) this.recorder.release(storage);
    this.losses.clear();
    this.endSends();
    this.mergePredictions();
  }

  private get inFlight(): number {
    return numInFlight(this.recipe, this.stage.index);
  }

  private forward(microBatch: number): void {
    const { lowering, recorder, program, stage } = this;
    const firstStorage = recorder.numStorages;
    for (const [i, value] of stage.received.entries()) lowering.bind(value, this.buffers.activations[microBatch]![i]!);
    lowering.forward();
    if (program.loss !== undefined) this.losses.set(microBatch, lowering.take(program.loss));
    const results = [...stage.sent, ...program.predictions].map((value) => lowering.take(value));
    if (stage.sent.length > 0 && this.recipe.mode === 'train') this.results.set(microBatch, results);
    else this.keptUntilNextStep.push(...results);
    recorder.categorizeLiveAsActivation(firstStorage);
  }

  /** The predictions and losses of micro-batches that are not traced. */
  private skip(first: number, end: number): void {
    const [prediction] = this.keptUntilNextStep;
    const loss = this.losses.get(0);
    for (let microBatch = first; microBatch < end; microBatch++) {
      if (prediction !== undefined) this.keptUntilNextStep.push(this.another(prediction));
      if (loss !== undefined) this.losses.set(microBatch, this.another(loss));
    }
  }

  private another(tensor: Tensor): Tensor {
    return { ...tensor, storage: this.recorder.allocate(tensor.shape, tensor.elementBytes), target: undefined };
  }

  private backward(microBatch: number): void {
    const { lowering, recorder, buffers } = this;
    recorder.mark('backward');
    const isEager = this.recipe.pipelineSchedule === 'gpipe';
    if (isEager) this.endSends();
    lowering.engine.run(this.roots(microBatch));
    const results = this.results.get(microBatch) ?? [];
    for (const { storage } of results) recorder.release(storage);
    this.results.delete(microBatch);
    // 1F1B sends with the next receive, and its list of sends is replaced after the next backward pass.
    if (!isEager) this.endSends();
    for (const { target } of buffers.activations[microBatch]!) {
      const gradient = target?.gradient;
      if (gradient === undefined) continue;
      target!.gradient = undefined;
      recorder.categorize(gradient.storage, 'temporary');
      this.sending.push(gradient.storage);
    }
  }

  private roots(microBatch: number): Parameters<Lowering['engine']['run']>[0] {
    const { lowering, buffers } = this;
    const results = this.results.get(microBatch);
    if (results === undefined) return [gradientOfLoss(this.losses.get(microBatch)!, lowering)];
    return results.map(({ target, shape }, i) => [
      target!,
      lowering.pool.view(buffers.gradients[microBatch]![i]!, shape, true),
    ]);
  }

  private endSends(): void {
    for (const storage of this.sending.splice(0)) this.recorder.release(storage);
  }

  private release(tensors: Tensor[]): void {
    for (const { storage } of tensors.splice(0)) this.recorder.release(storage);
  }

  /** `merge_chunks` joins the predictions of all micro-batches for the caller, who lets them go. */
  private mergePredictions(): void {
    const [prediction] = this.program.predictions.length > 0 ? this.keptUntilNextStep : [];
    if (prediction === undefined) return;
    const { recorder } = this;
    recorder.currentOperation = recorder.operation('merge predictions');
    const shape = [constant(this.recipe.accumulate), ...prediction.shape];
    recorder.release(recorder.allocate(shape, prediction.elementBytes));
  }
}
