/**
 * PhysicsNeMo's GraphCastLossFunction, kernel by kernel: (prediction − target)², divided by the time-difference variance,
 * weighted per channel, averaged over channels, weighted by area, averaged. The squared error turns fp32 at the division.
 * Source: examples/weather/graphcast/loss/utils.py and physicsnemo's loss (94b3551).
 */

import type { OperationOf } from '../../ir/operations.js';
import { axis, type Shape } from '../../ir/shape.js';
import type { Lowering } from './lowering.js';
import type { Gradient, GradientTarget, Tensor } from './tape.js';

const scalar: Shape = [axis('one')];

interface Kernel {
  readonly shape: Shape;
  readonly elementBytes: number;
  /** Element sizes of what its backward allocates, all alive until it returns the last one. */
  readonly gradientBytes: readonly number[];
  readonly saves?: 'input' | 'weights' | 'squared deviations';
}

const channelWeights: Shape = [axis('outputChannels')];

/** torch's mse_loss, fp32 in autocast: keeps the prediction (and the target, which lies on the device anyway). */
function lowerMeanSquaredError(lowering: Lowering, { prediction, output }: OperationOf<'loss'>): void {
  const { pool, autocast } = lowering;
  const given = lowering.tensor(prediction);
  const predicted = autocast ? lowering.cast(given, 4) : given;
  const node = lowering.node([predicted.target], () => [pool.make(predicted.shape, predicted.elementBytes)]);
  lowering.save(node, predicted);
  lowering.produce(output, predicted.elementBytes, node);
  lowering.releaseScratch(0);
}

export function lowerLoss(lowering: Lowering, loss: OperationOf<'loss'>): void {
  const { prediction, output } = loss;
  if (loss.kernel === 'mse') {
    lowerMeanSquaredError(lowering, loss);
    return;
  }
  const { recorder, pool } = lowering;
  const predicted = lowering.tensor(prediction);
  const wide = lowering.autocast || predicted.elementBytes === 4 ? 4 : 2;
  const full = predicted.shape;
  const perPoint = lowering.statisticsShape(full);

  const difference = lowering.node([predicted.target], (incoming) => [
    predicted.elementBytes === wide ? pool.share(incoming) : pool.make(full, predicted.elementBytes),
  ]);
  let current: Tensor = { storage: recorder.allocate(full, wide), shape: full, elementBytes: wide, target: difference };
  const kernels: readonly Kernel[] = [
    { shape: full, elementBytes: wide, gradientBytes: [wide, wide, wide], saves: 'input' },
    { shape: full, elementBytes: wide, gradientBytes: [wide] },
    { shape: full, elementBytes: 4, gradientBytes: wide === 2 ? [4, 2] : [4], saves: 'squared deviations' },
    { shape: full, elementBytes: 4, gradientBytes: [4], saves: 'weights' },
    { shape: perPoint, elementBytes: 4, gradientBytes: [4] },
    { shape: perPoint, elementBytes: 4, gradientBytes: [4] },
  ];
  for (const kernel of kernels) {
    const next = apply(lowering, current, kernel, (target) => ({
      storage: recorder.allocate(kernel.shape, kernel.elementBytes),
      target,
    }));
    recorder.release(current.storage);
    current = next;
  }
  const mean: Kernel = { shape: scalar, elementBytes: 4, gradientBytes: [4] };
  apply(lowering, current, mean, (target) => ({ storage: lowering.produce(output, 4, target).storage, target }));
  recorder.release(current.storage);
}

function apply(
  lowering: Lowering,
  input: Tensor,
  { shape, elementBytes, gradientBytes, saves }: Kernel,
  allocate: (target: Tensor['target']) => Pick<Tensor, 'storage' | 'target'>,
): Tensor {
  const { pool } = lowering;
  const node = lowering.node([input.target], () => {
    const made = gradientBytes.map((bytes) => pool.make(input.shape, bytes));
    const result = made.pop()!;
    for (const gradient of made) pool.release(gradient);
    return [result];
  });
  if (saves === 'input') lowering.save(node, input);
  if (saves === 'weights' || saves === 'squared deviations') saveChannelWeights(lowering, node, saves !== 'weights');
  return { ...allocate(node), shape, elementBytes };
}

/** Brought to the device in each step, fp32 `[outputChannels]`. */
function saveChannelWeights(lowering: Lowering, node: Tensor['target'], squared: boolean): void {
  if (node?.kind !== 'node') return;
  const { recorder } = lowering;
  const given = recorder.allocate(channelWeights, 4);
  const kept = squared ? recorder.allocate(channelWeights, 4) : given;
  if (squared) recorder.release(given);
  lowering.save(node, { storage: kept, shape: channelWeights, elementBytes: 4, target: undefined });
  recorder.release(kept);
}

/** Where the backward pass begins: `[1]`, all ones. */
export function gradientOfLoss(
  { target, elementBytes }: Tensor,
  { pool, recorder }: Lowering,
): readonly [GradientTarget, Gradient] {
  recorder.currentOperation = recorder.operation('gradient of the loss');
  return [target!, pool.make(scalar, elementBytes)];
}
