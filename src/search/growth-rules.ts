/** How a trained model becomes the next larger one, and what to see before going on. */
import type { RuntimeName } from '../config/types.js';
import { runtimeTraits } from '../runtimes/traits.js';
import type { Growth } from './growth.js';

interface GrowthRule {
  readonly growth: Exclude<Growth, 'start'>;
  readonly rule: string;
  readonly sources: readonly string[];
}

export const growthRules: readonly GrowthRule[] = [
  {
    growth: 'deepen',
    rule: 'Each old layer keeps its weights; the new layers stand behind them with fresh weights and a last LayerNorm of scale 0 and offset 0: a residual layer that adds nothing, so that the model computes what it computed.',
    sources: [
      'Net2DeeperNet: Chen, Goodfellow, Shlens, arXiv:1511.05641, section 2.3',
      'Zero-initialised last scale of a residual branch: Goyal et al., arXiv:1706.02677, section 5.1',
    ],
  },
  {
    growth: 'widen',
    rule: 'Every latent unit becomes two equal ones: a weight matrix is tiled 2 × 2, and what reads the two weighs them by shares that sum to 1, so that each product stays the same; biases, LayerNorm scales and offsets are tiled. Exactly double, every LayerNorm sees the same mean and variance, and the model computes what it computed; shares up to a tenth from equal ones let the copies part.',
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
  start: common,
  deepen: [
    'Before the first update the loss equals the one of the stage before: the new layers add nothing yet.',
    'Warm the learning rate up again; the optimizer state starts at zero.',
    ...common,
  ],
  widen: [
    'Before the first update the loss equals the one of the stage before: shares of the copies sum to 1.',
    'Warm the learning rate up again; the optimizer state starts at zero.',
    ...common,
  ],
};

const learningRates: Readonly<Record<Growth, string>> = {
  start: 'As the code base trains this size; every stage has the same global batch, which asks for no other rate.',
  deepen: 'Warm it up again, to the last stage’s rate: the optimizer’s moments start at 0.',
  widen:
    'Warm it up again, to the last stage’s rate ÷ the growth of the width: Adam’s best rate falls as 1 ÷ width (Yang et al., arXiv:2203.03466, table 3).',
};

export const learningRateOf = (growth: Growth): string => learningRates[growth];

export const checksOf = (growth: Growth, runtime: RuntimeName): readonly string[] => [
  ...(growth === 'start' ? [firstSteps(runtimeTraits[runtime].peakReading)] : []),
  ...checks[growth],
];

const firstSteps = (reading: string | undefined): string =>
  `The first steps take what this plan says: ${reading === undefined ? '' : `${reading}, or `}gc-plan verify.`;
