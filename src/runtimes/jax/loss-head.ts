/**
 * The loss of one step, where several arrays as large as the prediction are alive at once. The differences of the atmospheric
 * variables are kept for the backward pass; their gradients are then added up variable by variable into arrays of the full
 * width, each kernel writing a new one (graphcast 08cf736, losses.py weighted_mse_per_level; model_utils.py stacked_to_dataset).
 */
import { axis, type Shape } from '../../program/shape.js';
import type { Gemm } from './gemm.js';
import type { BufferId, Schedule } from './schedule.js';
import { numAtmosphericVariables, variableShape } from './symbols.js';
import { buffersOf, inBuffer, type Representation } from './values.js';

const predictionShape: Shape = [axis('gridNodes'), axis('batch'), axis('outputChannels')];

export class LossHead {
  private differences: readonly BufferId[] = [];

  constructor(
    private readonly schedule: Schedule,
    private readonly gemm: Gemm,
  ) {}

  /** Target − prediction of every variable; the squares are summed in the kernels that read them. */
  forward(prediction: Representation): void {
    const { elementBytes } = this.gemm;
    this.differences = Array.from({ length: numAtmosphericVariables }, () =>
      this.schedule.buffer(variableShape, elementBytes),
    );
    this.schedule.run('prediction − target', buffersOf(prediction), this.differences);
  }

  backward(prediction: Representation): Representation {
    const sum = this.schedule.buffer(predictionShape, this.gemm.elementBytes);
    for (const [index, difference] of this.differences.entries()) {
      this.schedule.run(`gradient of the prediction, variable ${index}`, [difference, ...buffersOf(prediction)], [sum]);
    }
    return inBuffer(sum);
  }
}
