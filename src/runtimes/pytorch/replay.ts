/**
 * torch.utils.checkpoint without reentrant autograd: the forward pass keeps placeholders and the block's inputs; the first
 * unpack runs the block again, puts what it would save into a table, and stops at the last saved tensor.
 * Source: torch/utils/checkpoint.py (torch 2.13), `_checkpoint_without_reentrant_generator`, early stop on.
 */
import type { StorageId, TraceRecorder } from '../../memory/recorder.js';
import type { Block, ValueId } from '../../program/types.js';
import type { Tensor } from './tape.js';

/** Thrown by the last saved tensor of a replay; everything the block's frames hold is let go. */
export const replayStop = Symbol('the last saved tensor has been recomputed');

interface ReplayInput {
  readonly value: ValueId;
  readonly tensor: Tensor;
}

/** A checkpoint inside another one keeps its inputs as saved tensors of the outer one (`_NoopSaveInputs`). */
interface EnclosingReplay {
  readonly replay: Replay;
  readonly firstSlot: number;
}

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
    private readonly enclosing: EnclosingReplay | undefined,
    private readonly recorder: TraceRecorder,
    private readonly run: (replay: Replay) => void,
  ) {
    if (enclosing !== undefined) return;
    for (const { tensor } of givenInputs) recorder.retain(tensor.storage);
    this.heldInputs = givenInputs;
  }

  /** May run the enclosing checkpoint again. */
  inputs(): readonly ReplayInput[] {
    if (this.heldInputs === undefined) {
      const { replay, firstSlot } = this.enclosing!;
      const storages = replay.unpack(firstSlot, this.givenInputs.length);
      this.heldInputs = this.givenInputs.map(({ value, tensor }, i) => ({
        value,
        tensor: { ...tensor, storage: storages[i]! },
      }));
    }
    return this.heldInputs;
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
    this.enclosing?.replay.dropPlaceholders(this.givenInputs.length);
  }
}
