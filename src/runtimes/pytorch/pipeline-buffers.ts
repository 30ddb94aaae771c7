/**
 * What a stage receives into. torch.distributed.pipelining (2.13, `stage.py`) makes one buffer per micro-batch of a step, whatever the
 * schedule, for each activation (`_setup_forward_recv_info`) and for each gradient of a result (`_create_grad_recv_info`), when the first
 * step begins, and keeps them.
 */
import { fullElementBytes } from '../../config/choices.js';
import type { Recipe } from '../../config/types.js';
import type { ForwardProgram, PipelineStage } from '../../ir/forward-program.js';
import type { Value } from '../../ir/types.js';
import type { TraceRecorder } from '../../memory/recorder.js';
import type { Category } from '../../memory/trace.js';
import type { Accumulator, Gradient, Tensor } from './tape.js';

/** A received activation is a leaf: its gradient stops there and is sent back. */
interface Received extends Tensor {
  readonly target: Accumulator | undefined;
}

export interface ReceiveBuffers {
  /** `[micro-batch][received value]` */
  readonly activations: readonly (readonly Received[])[];
  /** `[micro-batch][sent value]` */
  readonly gradients: readonly (readonly Gradient[])[];
}

export function allocateReceiveBuffers(
  { values }: ForwardProgram,
  { received, sent }: PipelineStage,
  recipe: Recipe,
  recorder: TraceRecorder,
): ReceiveBuffers {
  const elementBytes = fullElementBytes(recipe);
  const isTraining = recipe.mode === 'train';
  recorder.currentModule = recorder.module('other');
  const allocate = (shape: Value['shape'], label: number, category: Category) => {
    recorder.currentCategory = category;
    recorder.currentOperation = label;
    return recorder.allocate(shape, elementBytes);
  };
  const perMicroBatch = <Item>(make: () => Item): readonly Item[] =>
    Array.from({ length: recipe.accumulate }, () => make());
  const receivedLabel = recorder.operation('receive activations');
  const gradientLabel = recorder.operation('receive gradients');
  const leaf = (): Accumulator => ({
    kind: 'accumulator',
    operation: receivedLabel,
    module: recorder.currentModule,
    incoming: undefined,
    numPending: 0,
    gradient: undefined,
  });
  const activations = perMicroBatch(() =>
    received.map((value): Received => {
      const { shape } = values[value]!;
      const storage = allocate(shape, receivedLabel, 'activation');
      return { storage, shape, elementBytes, target: isTraining ? leaf() : undefined };
    }),
  );
  const gradients = perMicroBatch(() =>
    (isTraining ? sent : []).map((value): Gradient => {
      const { shape } = values[value]!;
      const storage = allocate(shape, gradientLabel, 'temporary');
      return { storage, shape, elementBytes, dense: true, inPlace: false, holders: 1 };
    }),
  );
  return { activations, gradients };
}
