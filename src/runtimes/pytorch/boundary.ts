/**
 * `--offload boundary`: `torch.autograd.graph.save_on_cpu(pin_memory=True)` around the outermost checkpoint calls. A call's inputs are
 * copied to the host when it is entered, and to the device again for the replay, which alone holds these copies (torch 2.13,
 * torch/autograd/graph.py; torch/utils/checkpoint.py, `_CheckpointFrame.save_inputs`).
 */
import { offloadsBoundary } from '../../config/offload.js';
import type { Recipe } from '../../config/types.js';
import type { Block, ForwardProgram } from '../../ir/forward-program.js';
import type { ValueId } from '../../ir/types.js';
import type { TraceRecorder } from '../../memory/recorder.js';
import type { InputsKept, ReplayInput } from './replay.js';

export class Boundary {
  readonly offloaded: boolean;
  private readonly labels = new Map<string, number>();

  constructor(
    private readonly program: ForwardProgram,
    private readonly recorder: TraceRecorder,
    private readonly recipe: Recipe,
  ) {
    this.offloaded = offloadsBoundary(recipe);
  }

  /** Data are sent away like any argument. */
  inputsOf({ inputs, givenData }: Block): readonly ValueId[] {
    return [...(givenData ?? []), ...inputs];
  }

  /** CUDA's copy between device and host first makes a strided source dense (aten/src/ATen/native/cuda/Copy.cu). */
  send(block: Block, inputs: readonly ReplayInput[]): InputsKept {
    const { recorder } = this;
    recorder.currentModule = recorder.module(block.module);
    recorder.currentOperation = this.label(`${block.name}: dense copy for the host`);
    for (const { value, tensor } of inputs)
      if (this.isStrided(value)) recorder.release(recorder.allocate(tensor.shape, tensor.elementBytes));
    return { kind: 'host', label: this.label(`${block.name}: inputs from the host`) };
  }

  /**
   * PhysicsNeMo reads the grid as a transposed view of its batch, `[1, channels, latitudes, longitudes]`, and returns its prediction as
   * one: strided are the batch inside the model and the prediction outside of it, where a rollout's checkpoint sees it.
   */
  private isStrided(value: ValueId): boolean {
    const { data, predictions, residents } = this.program;
    if (residents !== undefined) return false;
    const { checkpoint, rolloutSteps } = this.recipe;
    const outside = checkpoint.rollout && rolloutSteps > 1;
    return outside ? predictions.includes(value) : value === data.gridInput;
  }

  private label(name: string): number {
    const label = this.labels.get(name) ?? this.recorder.operation(name);
    this.labels.set(name, label);
    return label;
  }
}
