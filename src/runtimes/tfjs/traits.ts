/** What TensorFlow.js can be asked for: it has no 16-bit kernels and one device. */
import type { RuntimeTraits } from '../traits.js';

export const tfjsTraits: RuntimeTraits = {
  label: 'TensorFlow.js',
  options: ['offload', 'tape'],
  precision: ['fp32'],
  optimizer: ['adamw', 'adam', 'sgd', 'momentum', 'none'],
  parallel: ['none'],
  checkpointParts: ['encoder', 'decoder', 'model', 'rollout', 'processor:every', 'processor:segments', 'edges:blocks'],
  replaysEveryRolloutStep: true,
  edgeBlocksNeedParts: false,
  isOurs: true,
  statistics: {},
  package: '@tensorflow/tfjs',
  verifiedBy: 'training steps',
  sharing: {},
  lines: {
    tape: ({ recipe }) => [{ where: 'TensorFlow.js', text: `gc-plan verify --runtime tfjs --tape ${recipe.tape}` }],
  },
};
