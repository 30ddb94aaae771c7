/** What anemoi's configuration says of its networks beside the width and the layers (anemoi-models 0.19.0). */
import { maximumCount, maximumLayers } from '../../config/limits.js';
import { choice, integer } from '../../config/option-value.js';
import type { Model, ModelLayout, OwnValue, ProcessorKind } from '../../config/types.js';
import { isReducedGraph } from '../../topology/reduced-graph.js';
import type { Network, OwnOption } from '../code-base.js';

export const mapperKinds = ['gnn', 'graphtransformer', 'transformer', 'point-wise'] as const;
export type MapperKind = (typeof mapperKinds)[number];
export const attentionImplementations = ['flash', 'sdpa'] as const;
export const strategies = ['single', 'ddp'] as const;
const losses = ['mse', 'crps', 'crps-naive'] as const;
/** All pairs of members at once (`backend: stable`), or one pair after the other. */
export type CrpsKind = Exclude<(typeof losses)[number], 'mse'>;

/** The grid decides which refinement the mesh's edges begin with. */
const byTheGrid = -1;

/** No window: every row looks at all. */
export const noWindow = -1;
/** As wide as any mesh: SDPA makes a mask for a window of -1 as well. */
export const everyRow = 10_000_000;

/** No validation between the steps. */
export const notCounted = 0;

export interface NetworkOptions {
  readonly mapper: MapperKind;
  /** Rows on either side that a row of the transformer processor looks at. */
  readonly windowSize: number;
  /** The same of transformer mappers, whose rows are those of both sides. */
  readonly mapperWindowSize: number;
  readonly attentionImplementation: (typeof attentionImplementations)[number];
  readonly qkNorm: boolean;
  /** Outputs that are not fed back. */
  readonly diagnosticChannels: number;
  /** Groups of layers where nothing is recomputed: the input of a group lives until its end. */
  readonly processorChunks: number;
  readonly loss: (typeof losses)[number];
  /** Who runs the training: anemoi’s own strategies wrap the model in DistributedDataParallel, on one card too. */
  readonly strategy: (typeof strategies)[number];
  /** Samples on a card in validation, whose pass follows a step's update. */
  readonly validationBatch: number;
}

/** Edges of an icosahedron, both ways: levels 0 to r have 20·(4^(r+1) − 1), levels 1 to r so many fewer. */
const coarsestEdges = 60;

/**
 * MultiScaleEdges of anemoi-graphs: `scale_resolutions: r` takes the refinements 1 to r in every release that has the key (from graphs 0.5.2,
 * 2025-04; the shipped groups say it from training 0.5), null takes 0 to r, and so did the releases before.
 */
export function hasCoarsestEdges({ own, grid, mesh }: Pick<Model, 'grid' | 'mesh' | 'own'>): boolean {
  const { coarsestScale = byTheGrid } = own ?? {};
  return coarsestScale === byTheGrid ? !isReducedGraph({ grid, ...(mesh && { mesh }) }) : coarsestScale === 0;
}

/** Edges of the mesh that a processor reads, of `all` refinements' edges. */
export const multiScaleEdges = (model: Pick<Model, 'grid' | 'mesh' | 'own'>, all: number): number =>
  hasCoarsestEdges(model) ? all : Math.max(0, all - coarsestEdges);

/** The processors that attend, over edges or over rows. */
export const attends = (processor: ProcessorKind): boolean => processor === 'attention' || processor === 'transformer';

/** Attention over rows, in the processor or the mappers. */
export const runsRowAttention = (processor: ProcessorKind, mapper: unknown): boolean =>
  processor === 'transformer' || mapper === 'transformer';

/** Mappers that read edges between grid and mesh. */
export const joinsByEdges = (mapper: MapperKind): boolean => mapper === 'gnn' || mapper === 'graphtransformer';

/** Whether it reads edges of the mesh. */
export const readsMeshEdges = (processor: ProcessorKind): boolean =>
  processor !== 'transformer' && processor !== 'point-wise';

const mapperOf = (layout: ModelLayout): MapperKind => (layout === 'anemoi-gnn' ? 'gnn' : 'graphtransformer');

/** Of the example that the traced records share. */
const recordedDiagnostic = 5;

/** `ensemble_size_per_device` of the shipped group `training/ensemble`. */
export const shippedMembers = 4;

/** Of the shipped group `model/transformer`. */
export const shippedWindow = 512;

const defaultStrategy = 'ddp';

export function networkOptions({ layout, own = {} }: Pick<Model, 'layout' | 'own'>): NetworkOptions {
  return {
    mapper: (own.mapper ?? mapperOf(layout)) as MapperKind,
    windowSize: (own.windowSize ?? shippedWindow) as number,
    mapperWindowSize: (own.mapperWindowSize ?? noWindow) as number,
    attentionImplementation: (own.attentionImplementation ?? 'flash') as NetworkOptions['attentionImplementation'],
    qkNorm: (own.qkNorm ?? false) as boolean,
    diagnosticChannels: (own.diagnosticChannels ?? recordedDiagnostic) as number,
    processorChunks: (own.processorChunks ?? 1) as number,
    loss: (own.loss ?? 'mse') as NetworkOptions['loss'],
    strategy: (own.strategy ?? defaultStrategy) as NetworkOptions['strategy'],
    validationBatch: (own.validationBatch ?? notCounted) as number,
  };
}

/**
 * `mlpHiddenLayers` counts those of the layout's own networks: `mlp_extra_layers` and one in the transformers' MLPs, and two in the
 * GNN's.
 */
const extraLayers = ({ layout, mlpHiddenLayers }: Model): number =>
  mlpHiddenLayers - (mapperOf(layout) === 'gnn' ? 2 : 1);
export const transformerHiddenLayers = (model: Model): number => extraLayers(model) + 1;
export const gnnHiddenLayers = (model: Model): number => extraLayers(model) + 2;

const ofTransformer = (value: OwnValue) => (network: Network) =>
  network.processor === 'transformer' ? value : undefined;

export const ownOptions: readonly OwnOption[] = [
  {
    name: 'mapper',
    key: 'mapper',
    value: choice(...mapperKinds),
    help: 'The networks between data grid and mesh.',
    default: ({ layout }) => mapperOf(layout),
  },
  {
    name: 'window-size',
    key: 'windowSize',
    value: integer(noWindow, maximumCount, '1120'),
    help: 'Rows on either side that a row of the transformer processor looks at, -1 for all. Costs no memory with flash, a dense mask per layer with sdpa.',
    default: ofTransformer(shippedWindow),
  },
  {
    name: 'mapper-window-size',
    key: 'mapperWindowSize',
    value: integer(noWindow, maximumCount, '-1'),
    help: 'The same of transformer mappers. With sdpa a window is a dense mask of grid × mesh rows in the encoder, and another in the decoder.',
    default: ({ own }) => (own?.mapper === 'transformer' ? noWindow : undefined),
  },
  {
    name: 'attention-implementation',
    key: 'attentionImplementation',
    value: choice(...attentionImplementations),
    help: 'Transformers over rows: flash-attn (16-bit precisions alone), or PyTorch’s scaled_dot_product_attention.',
    default: ({ processor, own }) => (runsRowAttention(processor, own?.mapper) ? 'flash' : undefined),
  },
  {
    name: 'qk-norm',
    key: 'qkNorm',
    value: { kind: 'switch', negatable: true },
    help: 'A LayerNorm of every head’s queries and keys in the processor.',
    default: ({ processor }) => (attends(processor) ? false : undefined),
  },
  {
    name: 'diagnostic-channels',
    key: 'diagnosticChannels',
    value: integer(0, maximumCount, '5'),
    help: 'Output channels that are not fed back: the residual leaves them out.',
    default: recordedDiagnostic,
  },
  {
    name: 'processor-chunks',
    key: 'processorChunks',
    value: integer(1, maximumLayers, '2'),
    help: 'num_chunks of the processor where nothing is recomputed: the input of each group of layers lives until the group ends. Recomputed groups are processor:every of --checkpoint.',
    default: 1,
  },
  {
    name: 'coarsest-scale',
    key: 'coarsestScale',
    value: integer(byTheGrid, 1, '1'),
    help: 'The refinement of TriNodes with which the mesh’s edges begin: 1, as the shipped groups say (60 edges fewer), or 0 (scale_resolutions null or not there). -1: 1 beside a reduced Gaussian grid, 0 in the graphs of regular grids, which are GraphCast’s.',
    default: ({ processor }) => (readsMeshEdges(processor) ? byTheGrid : undefined),
  },
  {
    name: 'loss',
    key: 'loss',
    value: choice(...losses),
    help: 'mse: torch’s, over every member. crps: the kernel CRPS of the members on the card, all pairs of them at once (backend stable; fair and almost fair alike); crps-naive: pair by pair. Both in a checkpoint of their own, as anemoi trains.',
    default: 'mse',
    ofTraining: true,
  },
  {
    name: 'strategy',
    key: 'strategy',
    value: choice(...strategies),
    help: 'ddp: anemoi’s own strategies, DistributedDataParallel on one card too: its bucket is one more copy of the parameters in gradients, and a hook makes every gradient anew. single: neither (SingleDeviceStrategy).',
    default: defaultStrategy,
    ofTraining: true,
  },
  {
    name: 'validation-batch',
    key: 'validationBatch',
    value: integer(notCounted, maximumCount, '4'),
    help: 'Samples on a card in validation (dataloader.batch_size.validation, shipped as 4): its pass without gradients follows the step, while the step’s gradients and the optimizer’s states lie there, and the numbers are of the two. 0: training alone.',
    default: notCounted,
    ofTraining: true,
  },
];
