/**
 * The loss of one step, where several arrays as wide as the prediction meet. The differences of the variables are kept for the
 * backward pass; their gradients are padded to the full width and added up (graphcast 08cf736, losses.py weighted_mse_per_level;
 * model_utils.py stacked_to_dataset). How many are there at once: `loss-head-plans.ts`.
 */
import { type Axis, axis } from '../../ir/shape.js';
import type { Gemm } from './gemm.js';
import type { BufferId, Schedule } from './schedule.js';
import { lossHead } from './symbols.js';
import { buffersOf, inBuffer, type Representation } from './values.js';

export class LossHead {
  private kept: BufferId | undefined;

  constructor(
    private readonly schedule: Schedule,
    private readonly gemm: Gemm,
  ) {}

  /** The squares are summed in the kernels that read the differences. */
  forward(prediction: Representation): void {
    this.kept = this.rows(lossHead.kept);
    this.schedule.run('prediction − target', buffersOf(prediction), [this.kept, this.rows(lossHead.dropped)]);
  }

  /** → `[gridNodes, batch, outputChannels]` */
  backward(prediction: Representation): Representation {
    const gradient = this.rows(axis('outputChannels'));
    const partialSums = this.rows(lossHead.partialSums);
    this.schedule.run('gradients of the variables', [this.kept!, ...buffersOf(prediction)], [partialSums, gradient]);
    this.schedule.run('gradient of the prediction', [partialSums], [gradient]);
    return inBuffer(gradient);
  }

  private rows(columns: Axis): BufferId {
    return this.schedule.buffer([axis('gridNodes'), axis('batch'), columns], this.gemm.elementBytes);
  }
}
