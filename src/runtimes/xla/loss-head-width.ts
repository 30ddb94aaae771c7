/**
 * How many arrays as wide as the prediction meet in the loss. The gradients of 11 variables are padded to the full width and added up; nine
 * of them are transposed on the way (compiled for batches of 1 to 3: all but the first variable's and the last's). Eight or nine can
 * be written before they are added, or read by the kernel that adds, all at once or in several: XLA's fusion estimates the time of each
 * (priority_fusion.cc, `CalculateProducerPriority`). To fuse a transposition into its sum or a sum into the next saves equally much,
 * one wide array written and read, so that the order in which it goes, and with it the number, hangs on roundings
 * of the estimate: it flips between neighbouring shapes. Two cases are no tie:
 * - In a rollout's loop the gradients are padded in the prediction's own order. Nothing is transposed, and all sums are one kernel.
 * - Before Hopper bf16 is added up in f32 (gpu_float_support.cc, `kAdd`). The sums, which save twice as much, are fused first, and only one
 *   of nine transpositions goes into a kernel (26 compiled losses, 14 of them drawn afterwards: eight are written, always).
 */
import type { Config } from '../../config/types.js';
import { firstHopper } from './gemm.js';
import type { Rule } from './rules.js';

/** Besides the network's result, which lives until all gradients are written. */
export interface LossHeadWidth {
  /** Arrays as wide as the prediction: transposed gradients and their sum. */
  readonly wide: number;
  /** Differences prediction − target of one atmospheric variable, at all levels, that are arrays at that moment. */
  readonly differences: number;
}

/** One kernel reads the prediction and the targets and writes the gradient: less does not go. */
const least: LossHeadWidth = { wide: 1, differences: 0 };
/** All nine transposed gradients, their sum, and the last variable's difference, which is not transposed: more is not there. */
const most: LossHeadWidth = { wide: 10, differences: 1 };
/** One transposition is part of the kernel that adds the others. */
const eightAndSum = 9;

/** From the fewest arrays to the most that XLA may choose; the number has the middle of the two. */
export function lossHeadWidths(
  { recipe, device }: Pick<Config, 'recipe' | 'device'>,
  without?: Rule,
): readonly [LossHeadWidth, LossHeadWidth] {
  if (recipe.rolloutSteps > 1 && without !== 'loopLoss') return [least, least];
  const addsInF32 = recipe.precision !== 'fp32' && device !== null && device.computeCapability < firstHopper;
  if (!addsInF32 || without === 'f32Gradients') return [least, most];
  // Of several samples the sum is transposed for the product, and may wait for that in f32, which is twice as wide.
  const wide = recipe.batchSize === 1 ? eightAndSum : most.wide;
  return [
    { ...least, wide: eightAndSum },
    { ...most, wide },
  ];
}
