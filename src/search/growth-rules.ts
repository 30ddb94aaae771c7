/** How a trained model becomes the next larger one, and what to see before going on. */
import type { Growth } from './growth.js';

interface GrowthRule {
  readonly growth: Exclude<Growth, 'start'>;
  readonly rule: string;
  readonly sources: readonly string[];
}

export const growthRules: readonly GrowthRule[] = [
  {
    growth: 'deepen',
    rule: 'Each old layer keeps its weights; the new layers follow it as copies whose last LayerNorm has scale 0 and offset 0: a residual layer that adds nothing, so that the model computes what it computed.',
    sources: [
      'Net2DeeperNet: Chen, Goodfellow, Shlens, arXiv:1511.05641, section 2.3',
      'Zero-initialised last scale of a residual branch: Goyal et al., arXiv:1706.02677, section 5.1',
      'Copies of trained layers as the start of new ones: Gong et al., Efficient Training of BERT by Progressively Stacking, ICML 2019',
    ],
  },
  {
    growth: 'widen',
    rule: 'Every latent unit becomes two equal ones: a weight matrix is tiled 2 × 2 and halved, so that each product stays the same; biases, LayerNorm scales and offsets are tiled. Exactly double, every LayerNorm sees the same mean and variance, and the model computes what it computed; unequal noise of about 1 % on the copies lets them part.',
    sources: [
      'Net2WiderNet: Chen, Goodfellow, Shlens, arXiv:1511.05641, section 2.2',
      'LayerNorm and width: Wang et al., LEMON, arXiv:2310.07999',
    ],
  },
];

const common = [
  'Validation RMSE per variable and lead time has stopped improving over an epoch; the next stage costs more per sample.',
];

const checks: Readonly<Record<Growth, readonly string[]>> = {
  start: ['The first steps reserve what this plan says: torch.cuda.max_memory_reserved, or gc-plan verify.', ...common],
  deepen: [
    'Before the first update the loss equals the one of the stage before: the new layers add nothing yet.',
    'Warm the learning rate up again; the optimizer state of the new layers starts at zero.',
    ...common,
  ],
  widen: [
    'Before the first update the loss equals the one of the stage before, up to the noise on the copies.',
    'Warm the learning rate up again; halve and tile the optimizer state with its weights, or start it at zero.',
    ...common,
  ],
};

export const checksOf = (growth: Growth): readonly string[] => checks[growth];
