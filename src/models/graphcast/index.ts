/** DeepMind's GraphCast (google-deepmind/graphcast 08cf736). */
import { runtimeNames } from '../../config/choices.js';
import { axis } from '../../ir/shape.js';
import type { CodeBase, GraphcastShape } from '../code-base.js';
import { icosahedralGraph } from '../graphs.js';
import { graphcastProcessors } from '../layers/stateless-layers.js';
import { jaxLines } from './lines.js';
import { graphcastProgram } from './program.js';
import { pipelineStage } from './stage.js';

const graphcastShape: GraphcastShape = {
  // DeepMind pads a mesh node's row with zeros to the grid's width.
  meshNodeInput: axis('inputChannels'),
  declaresMeshNodeUpdate: true,
  edgeResidualLast: true,
};

export const graphcast: CodeBase = {
  name: 'deepmind',
  hostMemory: 'compiling took 1 to 2 GiB here, 0.25° included',
  pythonPackages: ['graphcast'],
  // Its JAX comes as jax[cuda12] or for TPUs, and what is modelled is XLA's code for CUDA.
  needsNvidia: true,
  layouts: {
    jax: {
      label: "DeepMind's GraphCast",
      home: 'jax',
      runtimes: runtimeNames,
      options: ['levels', 'radius-fraction', 'processor', 'concat-trick', 'recompute-activation'],
      processor: 'interaction',
      processors: graphcastProcessors,
      edgeBlocks: ['jax', 'tfjs'],
      rebuildsInput: true,
    },
  },
  graph: icosahedralGraph(),
  graphcastShape,
  program: (model, recipe, segmentation) => graphcastProgram(model, recipe, segmentation, graphcastShape),
  stage: (model, recipe, segmentation, index, numStages) =>
    pipelineStage(model, recipe, segmentation, graphcastShape, index, numStages),
  recipeNotes: ({ concatTrick, recomputeActivation }) =>
    concatTrick !== 'off' || recomputeActivation
      ? ["The concat trick and recompute_activation are PhysicsNeMo's: DeepMind's GraphCast has neither."]
      : [],
  lines: { jax: jaxLines },
  imports: {
    what: 'DeepMind’s GraphCast (JSON, or a checkpoint .npz)',
    load: async () => [...(await import('./import-relatives.js')).importers, (await import('./import.js')).deepmind],
    readers: {
      '.npz': async (file, flags) => (await import('./checkpoint-file.js')).checkpointSettings(file, flags),
    },
  },
  exports: {
    profile: () => 'graphcast',
    load: async () => (await import('./export.js')).exporter,
  },
  checkpoints: async () => [(await import('./grow.js')).graphcastCheckpoint],
};
