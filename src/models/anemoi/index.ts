/** anemoi's models (ecmwf/anemoi-core: anemoi-models 0.19.0): a graph transformer and a GNN over one graph. */

import { assetFile } from '../../config/assets.js';
import { gridName } from '../../config/grid.js';
import { maximumLaidEdges } from '../../config/limits.js';
import { divisorsOf } from '../../config/numbers.js';
import type { CheckpointPlan, Model, Recipe } from '../../config/types.js';
import { InputError } from '../../errors.js';
import { unjoinedCounts } from '../../topology/counts.js';
import type { CodeBase, Layout } from '../code-base.js';
import { type GraphRules, icosahedralGraph } from '../graphs.js';
import { blockRows, dimensions } from './dimensions.js';
import { configurationLines } from './lines.js';
import { modelParallel } from './model-parallel.js';
import {
  hasCoarsestEdges,
  joinsByEdges,
  multiScaleEdges,
  networkOptions,
  notCounted,
  noWindow,
  ownOptions,
  readsMeshEdges,
} from './options.js';
import { anemoiProgram } from './program.js';
import { anemoiRefusals, runsFlash } from './refusals.js';

const layout = {
  home: 'pytorch',
  runtimes: ['pytorch'],
  options: ['radius-fraction', 'processor', 'mesh', 'ensemble'],
  processors: {
    attention: { meshEdges: 'embedded', hasHeads: true, hasMlpRatio: true },
    interaction: { meshEdges: 'state', isMlps: true, hasMlpRatio: true },
    // Where the processor has no heads, its mappers have.
    transformer: { hasHeads: true, hasMlpRatio: true },
    'point-wise': { hasHeads: true, hasMlpRatio: true },
  },
  edgeBlocks: ['pytorch'],
  blocksInForward: true,
  reducedGrids: true,
} as const satisfies Partial<Layout>;

/** Its graphs were built by torch, whose sines are the nearest in all records. */
const edgesOfAll = icosahedralGraph(Number.POSITIVE_INFINITY, true);

/** Networks that read no edges have none: anemoi then builds no provider for them. Point-wise ones have no mesh of their own. */
const anemoiGraph: GraphRules = {
  ...edgesOfAll,
  roughEdges: (model) => ({ ...edgesOfAll.roughEdges(model), maximum: maximumLaidEdges }),
  counts: (model) => {
    const { mapper } = networkOptions(model);
    const sizes = joinsByEdges(mapper) ? edgesOfAll.counts(model) : unjoinedCounts(model);
    const meshNodes = mapper === 'point-wise' ? sizes.gridNodes : sizes.meshNodes;
    const { processor = 'attention' } = model;
    return { ...sizes, meshNodes, meshEdges: readsMeshEdges(processor) ? multiScaleEdges(model, sizes.meshEdges) : 0 };
  },
};

const ownCounts = '--grid-nodes N --mesh-nodes N --mesh-edges N --grid2mesh-edges N --mesh2grid-edges N';

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

/** Graph processors and their edges: a mesh of a grid's points has none. */
function checkModel(model: Model): void {
  checkChunks(model);
  const { processor, mesh, counts, layers } = model;
  checkPointWise(model);
  if (mesh === undefined || counts !== undefined || !readsMeshEdges(processor)) return;
  throw new InputError(
    'mesh-without-edges',
    `--mesh ${gridName(mesh)} with --processor ${processor}: these layers read edges between mesh nodes, and such a mesh has none.`,
    [
      '--processor transformer',
      '--mesh-level 5',
      `${ownCounts}   of a graph of your own, with ${layers} layers over it`,
    ],
  );
}

/** Such mappers make no mesh: a processor over one has nothing to run on. */
function checkPointWise(model: Model): void {
  const { processor, counts } = model;
  if (networkOptions(model).mapper !== 'point-wise') return;
  if (readsMeshEdges(processor))
    throw new InputError(
      'mesh-without-edges',
      `--mapper point-wise with --processor ${processor}: the hidden nodes are the data nodes, and no edges join them.`,
      ['--processor point-wise', '--mapper graphtransformer'],
    );
  if (counts !== undefined && counts.meshNodes !== counts.gridNodes)
    throw new InputError(
      'mesh-is-grid',
      `--mesh-nodes ${counts.meshNodes} with --mapper point-wise: the hidden nodes are the ${counts.gridNodes} data nodes.`,
      [`--mesh-nodes ${counts.gridNodes}`],
    );
}

function checkChunks(model: Model): void {
  const { processorChunks } = networkOptions(model);
  if (model.layers % processorChunks === 0) return;
  throw new InputError(
    'segments-do-not-divide',
    `--processor-chunks ${processorChunks}: anemoi's chunks must divide its ${model.layers} layers.`,
    ['--processor-chunks 1'],
  );
}

function modelNotes(model: Model): readonly string[] {
  const { mapper, windowSize, mapperWindowSize, attentionImplementation } = networkOptions(model);
  const isMasked =
    attentionImplementation === 'sdpa' &&
    ((model.processor === 'transformer' && windowSize !== noWindow) ||
      (mapper === 'transformer' && mapperWindowSize !== noWindow));
  return [
    'torch.compile, which the shipped groups ask for, is in no record: operations are priced one by one.',
    ...(isMasked
      ? [
          'The first step makes a mask of all pairs of rows in every layer, and every layer keeps it: its peak counts as well.',
        ]
      : []),
    ...(mapper === 'point-wise' ? ['Point-wise mappers: the hidden nodes are the data nodes, no mesh is built.'] : []),
    ...(readsMeshEdges(model.processor) && hasCoarsestEdges(model) && model.counts === undefined
      ? [
          'The mesh has the edges of refinement 0 as well, 60 of them: anemoi-graphs before 0.5.2, or scale_resolutions null. The shipped groups leave them out since training 0.5: --coarsest-scale 1.',
        ]
      : []),
  ];
}

function recipeNotes(recipe: Recipe, model: Model): readonly string[] {
  const { ensemble, mode } = recipe;
  const { edges } = recipe.checkpoint;
  const { mapper, loss, validationBatch } = networkOptions(model);
  const hasNoChunks = !joinsByEdges(mapper) && edges.kind !== 'none';
  const isEven = model.counts !== undefined && mapper === 'graphtransformer' && edges.kind !== 'none';
  return [
    ...(runsFlash(model) && mode === 'train'
      ? ['flash-attn’s workspace of the backward pass is not counted; it raised no traced peak.']
      : []),
    ...(mode === 'inference' && model.processor !== 'attention'
      ? ['ANEMOI_INFERENCE_NUM_CHUNKS_PROCESSOR cuts the layers of graph transformers alone: it does nothing here.']
      : []),
    ...(isEven
      ? ['The mappers’ chunks of a graph of one’s own are taken as even: rows that two of them read count once.']
      : []),
    ...(hasNoChunks ? [`edges:blocks=${edges.blocks} cuts nothing here: ${mapper} mappers are not cut.`] : []),
    ...(mode === 'train' && validationBatch !== notCounted
      ? [
          `Validation of ${validationBatch} samples is counted after the step, with the gradients and the optimizer’s states that lie there: the peak says in which of the two it is. Its metrics’ own arrays are not counted, and no record has it.`,
        ]
      : []),
    ...(mode === 'train' && ensemble !== undefined
      ? [
          `${ensemble} members per card: every row is that of ${ensemble} × batch samples. ${
            loss === 'mse'
              ? 'The loss is a mean squared error over every member; --loss crps has differences of all pairs.'
              : 'torch.compile, which the shipped group asks for its CRPS, fuses most of what it makes here.'
          }`,
        ]
      : []),
  ];
}

export const anemoi: CodeBase = {
  name: 'anemoi',
  pythonPackages: ['anemoi-models', 'anemoi-training'],
  layouts: {
    'anemoi-graphtransformer': {
      ...layout,
      label: "anemoi's graph transformer",
      processor: 'attention',
      processorBlocks: true,
    },
    'anemoi-gnn': {
      ...layout,
      label: "anemoi's GNN",
      processor: 'interaction',
      fewestHiddenLayers: 2,
    },
    'anemoi-transformer': { ...layout, label: "anemoi's transformer", processor: 'transformer' },
    'anemoi-point-wise': { ...layout, label: "anemoi's point-wise MLP", processor: 'point-wise' },
  },
  options: ownOptions,
  graph: anemoiGraph,
  program: anemoiProgram,
  dimensions,
  blockRows,
  blocksComputeMore: (model) => networkOptions(model).mapper !== 'gnn',
  modelParallel,
  validationBatch: (model) => networkOptions(model).validationBatch || undefined,
  checkModel,
  checkPlan,
  modelNotes,
  recipeNotes,
  lines: { pytorch: configurationLines },
  imports: {
    hydra: () => import('./composition.js'),
    what: 'anemoi',
    load: async () => [(await import('./import.js')).anemoi],
  },
  exports: {
    profile: ({ processor }) =>
      readsMeshEdges(processor)
        ? processor === 'attention'
          ? 'anemoi-graphtransformer'
          : 'anemoi-gnn'
        : 'anemoi-transformer',
    load: async () => (await import('./export.js')).exporter,
  },
  checkpoints: async () => {
    const { anemoiGnnCheckpoint, anemoiGraphTransformerCheckpoint } = await import('./grow.js');
    return [anemoiGnnCheckpoint, anemoiGraphTransformerCheckpoint];
  },
  // Dao-AILab/flash-attention, README of version 2: Ampere, Ada or Hopper.
  ownKernel: (network) =>
    runsFlash(network)
      ? { label: 'flash-attn 2', oldestComputeCapability: 80, instead: '--attention-implementation sdpa' }
      : undefined,
  ownStep: assetFile('models/anemoi/step.py'),
  ownStepHas: { strategy: 'single' },
  refusals: anemoiRefusals,
};
