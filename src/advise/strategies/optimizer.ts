/** The optimizer's state: another rule, another kernel, or the host's memory; and what else can wait there. */
import { offloadsBoundary, offloadsOptimizer } from '../../config/offload.js';
import type { Config, Optimizer, Recipe } from '../../config/types.js';
import { hasOption, runtimeTraits } from '../../runtimes/traits.js';
import { trains } from '../apply.js';
import type { Strategy } from '../types.js';

/** The same update by another implementation: the one change that leaves the algorithm as it is. */
const sameAlgorithm: Readonly<Partial<Record<Optimizer, readonly Optimizer[]>>> = {
  adamw: ['adamw-fused'],
};

const alternatives = (config: Config, sameUpdate: boolean): readonly Optimizer[] => {
  const { optimizer } = config.recipe;
  if (!trains(config) || optimizer === 'none') return [];
  return runtimeTraits[config.runtime].optimizer.filter(
    (value) =>
      value !== optimizer && value !== 'none' && (sameAlgorithm[optimizer]?.includes(value) ?? false) === sameUpdate,
  );
};

export const optimizerKernel: Strategy = {
  id: 'optimizer-kernel',
  touches: 'step',
  describe: 'The same update in one kernel: no list of square roots as large as the parameters.',
  cost: 'Usually faster.',
  numerics: 'same',
  changes: (config) => alternatives(config, true).map((optimizer) => ({ recipe: { optimizer } })),
};

export const optimizer: Strategy = {
  id: 'optimizer',
  touches: 'step',
  describe: 'Another update rule, or the same in 8 bits, with less state per parameter.',
  cost: 'Another training: learning rate and convergence change.',
  numerics: 'different',
  changes: (config) => alternatives(config, false).map((value) => ({ recipe: { optimizer: value } })),
};

const hasOffload = (config: Config): boolean => trains(config) && hasOption(config.runtime, 'offload');

const hasState = ({ optimizer: rule }: Recipe): boolean => rule !== 'none' && rule !== 'sgd';

export const offloadOptimizer: Strategy = {
  id: 'offload-optimizer',
  touches: 'step',
  describe: 'Holds the optimizer’s state in the host’s memory.',
  cost: 'Gradients and parameters cross the bus, in PyTorch the host updates them: per parameter 4 bytes each way in fp32, and clipping no longer reaches them. In TensorFlow.js the state crosses it.',
  numerics: 'same',
  changes: (config) =>
    hasOffload(config) && hasState(config.recipe) && !offloadsOptimizer(config.recipe)
      ? [{ offload: 'optimizer' }]
      : [],
};

export const offloadBoundary: Strategy = {
  id: 'offload-boundary',
  touches: 'step',
  describe: 'Holds the inputs of recomputed segments in the host’s memory until their segment is recomputed.',
  cost: 'Each of these arrays crosses the bus twice.',
  numerics: 'same',
  changes: (config) => (hasOffload(config) && !offloadsBoundary(config.recipe) ? [{ offload: 'boundary' }] : []),
};
