/** anemoi's models (ecmwf/anemoi-core: anemoi-models 0.19.0): a graph transformer and a GNN over one graph. */

import { divisorsOf } from '../../config/divisors.js';
import type { CheckpointPlan, Model } from '../../config/types.js';
import { InputError } from '../../errors.js';
import type { CodeBase, Layout } from '../code-base.js';
import { icosahedralGraph } from '../graphs.js';
import { blockRows, dimensions } from './dimensions.js';
import { configurationLines } from './lines.js';
import { anemoiProgram } from './program.js';
import { anemoiRefusals } from './refusals.js';

const layout = {
  home: 'pytorch',
  runtimes: ['pytorch'],
  options: ['radius-fraction'],
  edgeBlocks: ['pytorch'],
  blocksInForward: true,
  reducedGrids: true,
} as const satisfies Partial<Layout>;

/** Its num_chunks must divide num_layers, and each chunk has the same number of layers. */
function checkPlan({ processor }: CheckpointPlan, { layers }: Model): void {
  if (processor.kind !== 'every' || layers % processor.layers === 0) return;
  const shorter =
    divisorsOf(layers)
      .filter((count) => count < processor.layers)
      .at(-1) ?? 1;
  throw new InputError(
    'segments-do-not-divide',
    `--checkpoint processor:every=${processor.layers}: anemoi's chunks must divide its ${layers} layers.`,
    [`--checkpoint processor:every=${shorter}`],
  );
}

export const anemoi: CodeBase = {
  name: 'anemoi',
  layouts: {
    'anemoi-graphtransformer': { ...layout, label: "anemoi's graph transformer", processor: 'attention' },
    'anemoi-gnn': { ...layout, label: "anemoi's GNN", processor: 'interaction', hasMlpRatio: true },
  },
  graph: icosahedralGraph(),
  program: anemoiProgram,
  dimensions,
  blockRows,
  checkPlan,
  lines: { pytorch: configurationLines },
  imports: {
    hydra: () => import('./composition.js'),
    what: 'anemoi',
    load: async () => [(await import('./import.js')).anemoi],
  },
  exports: {
    profile: ({ processor }) => (processor === 'attention' ? 'anemoi-graphtransformer' : 'anemoi-gnn'),
    load: async () => (await import('./export.js')).exporter,
  },
  refusals: anemoiRefusals,
};
