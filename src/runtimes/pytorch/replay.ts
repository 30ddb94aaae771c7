/**
 * torch.utils.checkpoint without reentrant autograd: the forward pass keeps placeholders and the block's inputs; the first
 * unpack runs the block again, puts what it would save into a table, and stops at the last saved tensor.
 * Source: torch/utils/checkpoint.py (torch 2.13), `_checkpoint_without_reentrant_generator`, early stop on.
 */

import type { Block } from '../../ir/forward-program.js';
import type { ValueId } from '../../ir/types.js';
import type { StorageId, TraceRecorder } from '../../memory/recorder.js';
import type { Tensor } from './tape.js';

/** Thrown by the last saved tensor of a replay; everything the block's frames hold is let go. */
export const replayStop = Symbol('the last saved tensor has been recomputed');

export interface ReplayInput {
  readonly value: ValueId;
  readonly tensor: Tensor;
}

/**
 * Where a block's inputs wait for the replay. `outer`: a checkpoint inside another one keeps them as saved tensors of the outer one
 * (`_CheckpointFrame.save_inputs`). `host`: `save_on_cpu` around the checkpoint call has copied them (torch/autograd/graph.py).
 */
export type InputsKept =
  | { readonly kind: 'device' }
  | { readonly kind: 'outer'; readonly replay: Replay; readonly firstSlot: number }
  | { readonly kind: 'host'; readonly label: number };

export class Replay {
  /** Saved tensors of the block, counted in the forward pass. */
  numSlots = 0;
  private numPlaceholders = 0;
  private recomputed = false;
  private readonly table: StorageId[] = [];
  /** Holds a reference on each; absent while they are placeholders of the enclosing checkpoint. */
  private heldInputs: readonly ReplayInput[] | undefined;

  constructor(
    readonly block: Block,
    private readonly givenInputs: readonly ReplayInput[],
    private readonly kept: InputsKept,
    private readonly recorder: TraceRecorder,
    private readonly run: (replay: Replay) => void,
  ) {
    if (kept.kind !== 'device') return;
    for (const { tensor } of givenInputs) recorder.retain(tensor.storage);
    this.heldInputs = givenInputs;
  }

  /** May run the enclosing checkpoint again. */
  inputs(): readonly ReplayInput[] {
    if (this.kept.kind === 'host') return this.copiesFrom(this.kept.label);
    if (this.kept.kind === 'outer' && this.heldInputs === undefined) {
      const { replay, firstSlot } = this.kept;
      const storages = replay.unpack(firstSlot, this.givenInputs.length);
      this.heldInputs = this.givenInputs.map(({ value, tensor }, i) => ({
        value,
        tensor: { ...tensor, storage: storages[i]! },
      }));
    }
    return this.heldInputs!;
  }

  /** Held by the arguments of the replay alone. */
  private copiesFrom(label: number): readonly ReplayInput[] {
    const { recorder } = this;
    recorder.currentOperation = label;
    recorder.currentModule = recorder.module(this.block.module);
    recorder.currentOrigin = 'host';
    const copies = this.givenInputs.map(({ value, tensor }) => ({
      value,
      tensor: { ...tensor, storage: recorder.allocate(tensor.shape, tensor.elementBytes) },
    }));
    recorder.currentOrigin = 'device';
    return copies;
  }

  /** The replay has run. */
  letGo(inputs: readonly ReplayInput[]): void {
    if (this.kept.kind !== 'host') return;
    for (const { tensor } of inputs.toReversed()) this.recorder.release(tensor.storage);
  }

  /** Forward pass: room for `count` more saved tensors. Returns the first slot. */
  reserve(count: number): number {
    const first = this.numSlots;
    this.numSlots += count;
    this.numPlaceholders += count;
    return first;
  }

  /** During the replay. */
  record(storage: StorageId): void {
    this.recorder.retain(storage);
    this.table.push(storage);
    if (this.table.length === this.numSlots) throw replayStop;
  }

  /** The caller takes over the table's references. */
  unpack(firstSlot: number, numSlots: number): readonly StorageId[] {
    if (!this.recomputed) {
      this.recomputed = true;
      this.run(this);
    }
    return this.table.slice(firstSlot, firstSlot + numSlots);
  }

  /** The inputs live until the last placeholder is gone. */
  dropPlaceholders(count: number): void {
    this.numPlaceholders -= count;
    if (this.numPlaceholders > 0) return;
    for (const { tensor } of this.heldInputs?.toReversed() ?? []) this.recorder.release(tensor.storage);
    if (this.kept.kind === 'outer') this.kept.replay.dropPlaceholders(this.givenInputs.length);
  }
}
