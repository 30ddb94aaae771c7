/** What anemoi's configuration says of its networks beside the width and the layers (anemoi-models 0.19.0). */
import { maximumCount, maximumLayers } from '../../config/limits.js';
import { choice, integer } from '../../config/option-value.js';
import type { Model, ModelLayout, OwnValue, ProcessorKind } from '../../config/types.js';
import type { Network, OwnOption } from '../code-base.js';

export const mapperKinds = ['gnn', 'graphtransformer', 'transformer'] as const;
export type MapperKind = (typeof mapperKinds)[number];
export const attentionImplementations = ['flash', 'sdpa'] as const;

/** No window: every row looks at all. */
export const noWindow = -1;

export interface NetworkOptions {
  readonly mapper: MapperKind;
  /** Rows on either side that a row of the transformer processor looks at. */
  readonly windowSize: number;
  readonly attentionImplementation: (typeof attentionImplementations)[number];
  readonly qkNorm: boolean;
  /** Outputs that are not fed back. */
  readonly diagnosticChannels: number;
  /** Groups of layers where nothing is recomputed: the input of a group lives until its end. */
  readonly processorChunks: number;
}

/** The processors that attend, over edges or over rows. */
export const attends = (processor: ProcessorKind): boolean => processor === 'attention' || processor === 'transformer';

/** Attention over rows, in the processor or the mappers. */
export const runsRowAttention = (processor: ProcessorKind, mapper: unknown): boolean =>
  processor === 'transformer' || mapper === 'transformer';

/** Whether it reads edges of the mesh. */
export const readsMeshEdges = (processor: ProcessorKind): boolean =>
  processor !== 'transformer' && processor !== 'point-wise';

const mapperOf = (layout: ModelLayout): MapperKind => (layout === 'anemoi-gnn' ? 'gnn' : 'graphtransformer');

/** Of the example that the traced records share. */
const recordedDiagnostic = 5;

/** Of the shipped group `model/transformer`. */
export const shippedWindow = 512;

export function networkOptions({ layout, own = {} }: Pick<Model, 'layout' | 'own'>): NetworkOptions {
  return {
    mapper: (own.mapper ?? mapperOf(layout)) as MapperKind,
    windowSize: (own.windowSize ?? shippedWindow) as number,
    attentionImplementation: (own.attentionImplementation ?? 'flash') as NetworkOptions['attentionImplementation'],
    qkNorm: (own.qkNorm ?? false) as boolean,
    diagnosticChannels: (own.diagnosticChannels ?? recordedDiagnostic) as number,
    processorChunks: (own.processorChunks ?? 1) as number,
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
];
