/**
 * How many arrays of the loss head are alive at once. XLA's fusion pass decides, by a cost model of the card, whether the gradients of
 * the variables are padded to the full width and added up one after the other (one array) or all padded first (up to nine), and
 * the choice flips between neighbouring shapes. It depends on the loss alone, so the loss was compiled alone (wrappers, two
 * Linears instead of the network; jaxlib 0.10.2, cuBLAS products) and read off the buffer assignment: data, not a formula.
 * Eight full training steps agree. In a rollout's loop the targets are slices, and all are added up in one kernel.
 */
import type { Config } from '../../config/types.js';

const firstHopper = 90;

export interface LossHeadPlan {
  /** Arrays as wide as the prediction. */
  readonly wide: number;
  /** Differences prediction − target of one atmospheric variable, at all levels. */
  readonly differences: number;
  /** The network's own result is still there. */
  readonly prediction: 0 | 1;
}

/** latitudes x longitudes, output channels, batch, precision → wide, differences, prediction. */
type Compiled = Readonly<Record<string, readonly [number, number, 0 | 1]>>;

const hopper: Compiled = {
  '31x60 83 1 bf16': [8, 0, 1],
  '31x60 83 2 bf16': [9, 1, 1],
  '31x60 83 3 bf16': [7, 3, 1],
  '91x180 83 1 bf16': [5, 2, 1],
  '91x180 83 2 bf16': [1, 5, 1],
  '91x180 83 3 bf16': [7, 3, 1],
  '121x240 83 1 bf16': [6, 3, 1],
  '121x240 83 2 bf16': [5, 2, 1],
  '121x240 83 3 bf16': [9, 2, 1],
  '181x360 83 1 bf16': [1, 6, 1],
  '181x360 83 2 bf16': [9, 2, 1],
  '181x360 83 3 bf16': [1, 6, 1],
  '361x720 83 1 bf16': [1, 6, 1],
  '361x720 83 2 bf16': [9, 2, 1],
  '361x720 83 3 bf16': [1, 6, 1],
  '721x1440 83 1 bf16': [8, 2, 0],
  '31x60 227 1 bf16': [6, 4, 1],
  '31x60 227 2 bf16': [8, 2, 1],
  '31x60 227 3 bf16': [1, 5, 1],
  '91x180 227 1 bf16': [1, 5, 1],
  '91x180 227 2 bf16': [5, 2, 1],
  '91x180 227 3 bf16': [9, 2, 1],
  '121x240 227 1 bf16': [7, 4, 1],
  '121x240 227 2 bf16': [5, 2, 1],
  '121x240 227 3 bf16': [1, 6, 1],
  '181x360 227 1 bf16': [5, 2, 1],
  '181x360 227 2 bf16': [1, 6, 1],
  '181x360 227 3 bf16': [9, 2, 1],
  '361x720 227 1 bf16': [8, 2, 1],
  '361x720 227 2 bf16': [5, 2, 1],
  '361x720 227 3 bf16': [1, 6, 1],
  '721x1440 227 1 bf16': [0, 6, 1],
  '31x60 83 1 fp32': [5, 0, 1],
  '31x60 83 2 fp32': [1, 5, 1],
  '31x60 83 3 fp32': [5, 2, 1],
  '91x180 83 1 fp32': [1, 5, 1],
  '91x180 83 2 fp32': [9, 1, 1],
  '91x180 83 3 fp32': [1, 5, 1],
  '121x240 83 1 fp32': [1, 5, 1],
  '121x240 83 2 fp32': [9, 1, 1],
  '121x240 83 3 fp32': [1, 5, 1],
  '181x360 83 1 fp32': [6, 4, 1],
  '181x360 83 2 fp32': [1, 5, 1],
  '181x360 83 3 fp32': [1, 5, 1],
  '361x720 83 1 fp32': [1, 5, 1],
  '361x720 83 2 fp32': [9, 1, 1],
  '361x720 83 3 fp32': [5, 2, 1],
  '721x1440 83 1 fp32': [7, 3, 1],
  '31x60 227 1 fp32': [8, 0, 1],
  '31x60 227 2 fp32': [5, 2, 1],
  '31x60 227 3 fp32': [1, 5, 1],
  '91x180 227 1 fp32': [9, 1, 1],
  '91x180 227 2 fp32': [7, 3, 1],
  '91x180 227 3 fp32': [1, 5, 1],
  '121x240 227 1 fp32': [9, 1, 1],
  '121x240 227 2 fp32': [9, 1, 1],
  '121x240 227 3 fp32': [9, 1, 1],
  '181x360 227 1 fp32': [1, 5, 1],
  '181x360 227 2 fp32': [9, 1, 1],
  '181x360 227 3 fp32': [1, 5, 1],
  '361x720 227 1 fp32': [8, 2, 1],
  '361x720 227 2 fp32': [6, 4, 1],
  '361x720 227 3 fp32': [5, 2, 1],
  '721x1440 227 1 fp32': [1, 5, 1],
  '46x90 83 1 bf16': [6, 3, 1],
  '46x90 83 2 bf16': [6, 4, 1],
  '46x90 83 1 fp32': [5, 0, 1],
  '46x90 83 2 fp32': [1, 5, 1],
  '46x90 227 1 bf16': [1, 5, 1],
  '46x90 227 2 bf16': [9, 1, 1],
  '46x90 227 1 fp32': [4, 3, 1],
  '46x90 227 2 fp32': [1, 5, 1],
  '128x256 83 1 bf16': [1, 5, 1],
  '128x256 83 2 bf16': [9, 2, 1],
  '128x256 83 1 fp32': [9, 1, 1],
  '128x256 83 2 fp32': [9, 1, 1],
  '128x256 227 1 bf16': [5, 2, 1],
  '128x256 227 2 bf16': [1, 6, 1],
  '128x256 227 1 fp32': [5, 2, 1],
  '128x256 227 2 fp32': [1, 5, 1],
  '64x128 83 1 bf16': [7, 1, 1],
  '64x128 83 2 bf16': [5, 2, 1],
  '64x128 83 1 fp32': [5, 0, 1],
  '64x128 83 2 fp32': [1, 5, 1],
  '64x128 227 1 bf16': [5, 2, 1],
  '64x128 227 2 bf16': [1, 5, 1],
  '64x128 227 1 fp32': [8, 1, 1],
  '64x128 227 2 fp32': [9, 1, 1],
  '32x64 83 1 bf16': [9, 0, 1],
  '32x64 83 2 bf16': [7, 3, 1],
  '32x64 83 1 fp32': [8, 0, 1],
  '32x64 83 2 fp32': [7, 0, 1],
  '32x64 227 1 bf16': [1, 5, 1],
  '32x64 227 2 bf16': [1, 5, 1],
  '32x64 227 1 fp32': [5, 0, 1],
  '32x64 227 2 fp32': [1, 5, 1],
  '720x1440 83 1 bf16': [4, 2, 0],
  '720x1440 83 1 fp32': [7, 3, 1],
  '720x1440 227 1 bf16': [8, 2, 0],
  '720x1440 227 1 fp32': [7, 3, 1],
  '256x512 83 1 bf16': [8, 2, 1],
  '256x512 83 2 bf16': [7, 4, 1],
  '256x512 83 1 fp32': [5, 2, 1],
  '256x512 83 2 fp32': [1, 5, 1],
  '256x512 227 1 bf16': [9, 2, 1],
  '256x512 227 2 bf16': [7, 4, 1],
  '256x512 227 1 fp32': [8, 2, 1],
  '256x512 227 2 fp32': [6, 4, 1],
  '181x360 83 4 bf16': [9, 2, 1],
  '91x180 83 4 bf16': [9, 2, 1],
  '181x360 227 4 bf16': [8, 3, 1],
  '91x180 227 4 bf16': [1, 6, 1],
};

/** Compiled for an A100; the cards before Hopper have a fifth to a half of its bandwidth. */
const earlier: Compiled = {
  '31x60 83 1 bf16': [9, 0, 1],
  '91x180 83 1 bf16': [9, 1, 1],
  '121x240 83 1 bf16': [9, 1, 1],
  '181x360 83 1 bf16': [9, 1, 1],
  '361x720 83 1 bf16': [9, 1, 1],
  '721x1440 83 1 bf16': [9, 1, 1],
  '31x60 227 1 bf16': [9, 1, 1],
  '91x180 227 1 bf16': [9, 1, 1],
  '121x240 227 1 bf16': [9, 1, 1],
  '181x360 227 1 bf16': [9, 1, 1],
  '361x720 227 1 bf16': [9, 1, 1],
  '721x1440 227 1 bf16': [9, 1, 1],
  '31x60 83 1 fp32': [5, 0, 1],
  '91x180 83 1 fp32': [9, 1, 1],
  '121x240 83 1 fp32': [5, 2, 1],
  '181x360 83 1 fp32': [1, 5, 1],
  '361x720 83 1 fp32': [7, 1, 1],
  '721x1440 83 1 fp32': [5, 2, 1],
  '31x60 227 1 fp32': [8, 1, 1],
  '91x180 227 1 fp32': [1, 5, 1],
  '121x240 227 1 fp32': [9, 1, 1],
  '181x360 227 1 fp32': [1, 5, 1],
  '361x720 227 1 fp32': [1, 5, 1],
};

/** Shapes that were not compiled: the middle of those that were. */
const otherShapes: LossHeadPlan = { wide: 5, differences: 2, prediction: 1 };
const inLoop: LossHeadPlan = { wide: 1, differences: 0, prediction: 1 };

export function lossHeadPlan({ model, recipe, device }: Pick<Config, 'model' | 'recipe' | 'device'>): LossHeadPlan {
  if (recipe.rolloutSteps > 1) return inLoop;
  const { latitudes, longitudes } = model.grid;
  const compiled = device !== null && device.computeCapability < firstHopper ? earlier : hopper;
  const found = compiled[`${latitudes}x${longitudes} ${model.outputChannels} ${recipe.batchSize} ${recipe.precision}`];
  return found === undefined ? otherShapes : { wide: found[0], differences: found[1], prediction: found[2] };
}
