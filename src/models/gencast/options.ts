/** Options of the mesh transformer. */
import { choice, integer } from '../../config/option-value.js';
import type { OwnOption } from '../code-base.js';

export const attentionOptions: readonly OwnOption[] = [
  {
    name: 'attention',
    key: 'attention',
    value: choice('triblockdiag', 'mha'),
    default: 'triblockdiag',
    help: 'How mesh nodes look at each other: in blocks, three of them for each (triblockdiag_mha), or all at all (mha). splash_mha runs on TPU only.',
  },
  {
    name: 'k-hop',
    key: 'kHop',
    value: integer(1, 256, '16'),
    default: 16,
    help: 'How many mesh edges a node looks far. Blocks grow linearly with it, and what is multiplied with its square.',
  },
];
