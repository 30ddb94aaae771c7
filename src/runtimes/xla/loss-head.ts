/**
 * The loss of one step, where several arrays as wide as the prediction meet. The gradients of the variables are padded to the full width
 * and added up (graphcast 08cf736, losses.py weighted_mse_per_level; model_utils.py stacked_to_dataset). How many are there at
 * once: `loss-head-width.ts`.
 */
import { type Axis, axis, constant } from '../../ir/shape.js';
import type { Gemm } from './gemm.js';
import type { BufferId, Schedule } from './schedule.js';
import { lossHead, numVariables } from './symbols.js';
import { buffersOf, inBuffer, type Representation } from './values.js';

export class LossHead {
  private differences: BufferId | undefined;
  /** The loss of each variable, and of all, where cards average them. */
  losses: readonly BufferId[] = [];

  constructor(
    private readonly schedule: Schedule,
    private readonly gemm: Gemm,
    private readonly lossesMeet = false,
  ) {}

  /** The squares are summed in the kernels that read the differences. */
  forward(prediction: Representation): void {
    this.differences = this.rows(lossHead.differences);
    this.schedule.run('prediction − target', buffersOf(prediction), [this.differences]);
    if (!this.lossesMeet) return;
    const numbers = () => Array.from({ length: numVariables + 1 }, () => this.schedule.buffer([constant(1)], 4));
    const [sums, losses] = [numbers(), numbers()];
    this.schedule.run('sums of squares', [this.differences], sums);
    for (const [index, loss] of losses.entries()) this.schedule.run('loss of a variable', [sums[index]!], [loss]);
    this.losses = losses;
  }

  /** → `[gridNodes, batch, outputChannels]` */
  backward(prediction: Representation): Representation {
    const gradient = this.rows(axis('outputChannels'));
    // Padded before float normalisation makes f32 of the sums.
    const padded = this.rows(lossHead.padded, this.gemm.upcast ? 2 : this.gemm.elementBytes);
    this.schedule.run('gradients of the variables', [this.differences!, ...buffersOf(prediction)], [padded, gradient]);
    this.schedule.run('gradient of the prediction', [padded], [gradient]);
    return inBuffer(gradient);
  }

  private rows(columns: Axis, elementBytes: number = this.gemm.elementBytes): BufferId {
    return this.schedule.buffer([axis('gridNodes'), axis('batch'), columns], elementBytes);
  }
}
