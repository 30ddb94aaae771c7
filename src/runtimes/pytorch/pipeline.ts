/**
 * One stage of a pipeline, as torch.distributed.pipelining runs it (torch 2.13: `stage.py`, `schedules.py`, `_backward.py`): micro-batches
 * in the schedule's order, the graph and the results of each kept from its forward to its backward pass (`fwd_cache`). A backward pass
 * starts from received gradients and leaves those of what was received, until they are sent. The last stage keeps the predictions of all
 * micro-batches until the next step (`output_chunks`) and returns them in one tensor.
 */
import type { Recipe } from '../../config/types.js';
import type { ForwardProgram, PipelineStage } from '../../ir/forward-program.js';
import { constant } from '../../ir/shape.js';
import type { StorageId, TraceRecorder } from '../../memory/recorder.js';
import type { Trace } from '../../memory/trace.js';
import { ForwardPass } from './forward-pass.js';
import { gradientOfLoss } from './loss.js';
import type { Lowering } from './lowering.js';
import type { OptimizerSizes } from './optimizer.js';
import { allocateReceiveBuffers, type ReceiveBuffers } from './pipeline-buffers.js';
import { numInFlight, numUnlike, stageOrder } from './pipeline-schedule.js';
import { traceSteps } from './steps.js';
import type { Tensor } from './tape.js';

/** `maxTraced`: how many micro-batches are traced; those after repeat the last, but for the predictions that they add. */
export function traceStage(
  program: ForwardProgram,
  stage: PipelineStage,
  recipe: Recipe,
  sizes: OptimizerSizes,
  maxTraced = numUnlike(numInFlight(recipe, stage.index)),
): Trace {
  return traceSteps({
    program,
    recipe,
    sizes,
    numMicroBatches: recipe.accumulate,
    numSteps: 2,
    passes: (lowering) => {
      const buffers = allocateReceiveBuffers(program, stage, recipe, lowering.recorder);
      const run = new StageRun(program, stage, recipe, lowering, buffers);
      return () => run.step(Math.min(maxTraced, recipe.accumulate));
    },
  });
}

class StageRun {
  private readonly recorder: TraceRecorder;
  private readonly forwardPass: ForwardPass;
  /** Results of the micro-batches in flight, in the order of `sent`. */
  private readonly results = new Map<number, readonly Tensor[]>();
  /** Of every micro-batch of the step. */
  private readonly losses = new Map<number, Tensor>();
  private readonly keptUntilNextStep: Tensor[] = [];
  /** What work objects of sends hold, long after it has arrived: results, and gradients of what was received. */
  private readonly sentResults: Tensor[] = [];
  private readonly sentGradients: StorageId[] = [];

  constructor(
    private readonly program: ForwardProgram,
    private readonly stage: PipelineStage,
    private readonly recipe: Recipe,
    private readonly lowering: Lowering,
    private readonly buffers: ReceiveBuffers,
  ) {
    this.recorder = lowering.recorder;
    this.forwardPass = new ForwardPass(program, lowering, recipe);
  }

  step(numTraced: number): void {
    const { mode, accumulate } = this.recipe;
    const inFlight = Math.min(numTraced, numInFlight(this.recipe, this.stage.index));
    this.release(this.keptUntilNextStep);
    for (const { kind, microBatch } of stageOrder(numTraced, inFlight)) {
      if (kind === 'backward') {
        if (mode === 'train') this.backward(microBatch, inFlight, numTraced - inFlight);
        continue;
      }
      if (microBatch > 0) this.recorder.mark('forward');
      if (microBatch === numTraced - 1) this.skip(numTraced, accumulate);
      this.forward(microBatch);
    }
    this.release([...this.losses.values()]);
    this.losses.clear();
    this.release(this.sentResults);
    this.releaseSentGradients();
    this.mergePredictions();
  }

  private forward(microBatch: number): void {
    const { lowering, recorder, program, stage } = this;
    const firstStorage = recorder.numStorages;
    for (const [i, value] of stage.received.entries()) lowering.bind(value, this.buffers.activations[microBatch]![i]!);
    this.forwardPass.run();
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

  /**
   * Work objects hold what they send. GPipe's lists of them live until the step's last backward pass. 1F1B has one variable, which holds
   * the results of the last micro-batch but one before the first backward pass until no forward pass is left (`lastInTurn`: the backward
   * pass after which that is so); the gradients that it sends are in a list that lives until the next backward pass has run.
   */
  private backward(microBatch: number, inFlight: number, lastInTurn: number): void {
    const { lowering, recorder, buffers } = this;
    recorder.mark('backward');
    const isGPipe = this.recipe.pipelineSchedule === 'gpipe';
    lowering.engine.run(this.roots(microBatch));
    const results = [...(this.results.get(microBatch) ?? [])];
    this.results.delete(microBatch);
    if (isGPipe || microBatch === inFlight - 2) this.sentResults.push(...results);
    else this.release(results);
    if (!isGPipe) {
      if (microBatch >= lastInTurn) this.release(this.sentResults);
      this.releaseSentGradients();
    }
    for (const { target } of buffers.activations[microBatch]!) {
      const gradient = target?.gradient;
      if (gradient === undefined) continue;
      target!.gradient = undefined;
      recorder.categorize(gradient.storage, 'temporary');
      this.sentGradients.push(gradient.storage);
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

  private releaseSentGradients(): void {
    for (const storage of this.sentGradients.splice(0)) this.recorder.release(storage);
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
