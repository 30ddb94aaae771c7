/**
 * Where saved tensors go: onto the tape's node, or to the innermost checkpoint, which keeps placeholders in the forward pass and the
 * tensors themselves in the replay. Source: torch/utils/checkpoint.py (torch 2.13), `_checkpoint_hook`, `_recomputation_hook`.
 */
import type { TraceRecorder } from '../../memory/recorder.js';
import type { InputsKept, Replay, ReplayInput } from './replay.js';
import type { TapeNode, Tensor } from './tape.js';

interface Hook {
  readonly kind: 'checkpoint' | 'record';
  readonly replay: Replay;
}

export class SavedTensors {
  private readonly hooks: Hook[] = [];

  constructor(private readonly recorder: TraceRecorder) {}

  get inCheckpoint(): boolean {
    return this.hooks.length > 0;
  }

  get inReplay(): boolean {
    return this.hooks.some(({ kind }) => kind === 'record');
  }

  within(hook: Hook, run: () => void): void {
    this.hooks.push(hook);
    run();
    this.hooks.pop();
  }

  save(node: TapeNode, tensors: readonly Tensor[]): void {
    const hook = this.hooks.at(-1);
    if (hook === undefined) {
      for (const { storage } of tensors) {
        this.recorder.retain(storage);
        node.saved.push(storage);
      }
    } else if (hook.kind === 'checkpoint') {
      const first = hook.replay.reserve(tensors.length);
      if (node.replay === undefined) node.firstSlot = first;
      node.replay = hook.replay;
      node.numSlots += tensors.length;
    } else {
      for (const { storage } of tensors) hook.replay.record(storage);
    }
  }

  /** Inside another checkpoint, a block's inputs are saved as any tensor is there. */
  keepInputs(inputs: readonly ReplayInput[]): InputsKept {
    const outer = this.hooks.at(-1);
    if (outer === undefined) return { kind: 'device' };
    const { replay } = outer;
    if (outer.kind === 'checkpoint') return { kind: 'outer', replay, firstSlot: replay.reserve(inputs.length) };
    for (const { tensor } of inputs) replay.record(tensor.storage);
    return { kind: 'outer', replay, firstSlot: 0 };
  }
}
