/** mllam/neural-lam 434d5fa: GraphLAM. */
import { assetFile } from '../../config/assets.js';
import { formatCheckpoint, noCheckpoint } from '../../config/checkpoint.js';
import type { CodeBase } from '../code-base.js';
import { icosahedralGraph } from '../graphs.js';
import { lightningPrecisions } from '../layers/lightning.js';
import { noSegments } from '../layers/segments.js';
import type { Refusal } from '../refusals.js';
import { neuralLamProgram, once, sharedRows } from './program.js';

/** What neural-lam's GraphLAM has no option for (0.7.0). */
const refusals: readonly Refusal[] = [
  noSegments('neural-lam', 'neural_lam 0.7.0, models/step_predictors/graph/graph_lam.py'),
];

export const neuralLam: CodeBase = {
  name: 'neural-lam',
  pythonPackages: ['neural-lam'],
  layouts: {
    'neural-lam': {
      label: 'neural-lam',
      home: 'pytorch',
      runtimes: ['pytorch'],
      options: [],
      processor: 'interaction',
      samplesShareRows: true,
      edgeBlocks: [],
    },
  },
  graph: icosahedralGraph(),
  program: neuralLamProgram,
  // Its encoder and decoder read grid and mesh nodes in one array.
  dimensions: (_config, counts) => ({
    allNodes: counts.gridNodes + counts.meshNodes,
    ...Object.fromEntries(sharedRows.map((rows) => [once(rows), counts[rows]])),
  }),
  recipeNotes: ({ checkpoint }) =>
    formatCheckpoint(checkpoint) === formatCheckpoint(noCheckpoint)
      ? []
      : ['neural-lam has no checkpoint option: its model would have to be wrapped by hand.'],
  lines: {
    pytorch: {
      precision: ({ recipe }) => [
        { where: 'neural-lam, command line', text: `--precision ${lightningPrecisions[recipe.precision]}` },
      ],
      'micro-batch': ({ recipe }) => [
        { where: 'neural-lam, command line', text: `--batch_size ${recipe.batchSize}` },
        { where: 'neural-lam, train_model.py, the Trainer', text: `accumulate_grad_batches=${recipe.accumulate}` },
      ],
    },
  },
  imports: {
    what: 'neural-lam',
    load: async () => [(await import('./import.js')).neuralLam],
  },
  exports: {
    profile: () => 'neural-lam',
    load: async () => (await import('./export.js')).exporter,
  },
  checkpoints: async () => [(await import('./grow.js')).neuralLamCheckpoint],
  ownStep: assetFile('models/neural-lam/step.py'),
  refusals,
};
