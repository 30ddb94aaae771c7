/** What is trained: the options that set the model's shape. */
import { attentionBackends, processorKinds, typedGridKinds } from '../../config/choices.js';
import { maximumCount, maximumEdges, maximumHiddenDim, maximumLayers, maximumMeshLevel } from '../../config/limits.js';
import { orList } from '../../config/nearest.js';
import type { Counts } from '../../config/types.js';
import { codeBases } from '../../models/index.js';
import { choice, fraction, integer, model, option, text } from './definition.js';

const countOption = <const Name extends string>(name: Name, key: keyof Counts, what: string) =>
  model(
    name,
    integer(1, maximumEdges, '100000'),
    `counts.${key}`,
    `${what} of a graph of one's own. All five are typed together.`,
  );

/** They win over every geometry. */
const countOptions = [
  countOption('grid-nodes', 'gridNodes', 'Points of the data grid'),
  countOption('mesh-nodes', 'meshNodes', 'Nodes of the latent mesh'),
  countOption('mesh-edges', 'meshEdges', 'Directed edges between mesh nodes'),
  countOption('grid2mesh-edges', 'grid2meshEdges', 'Encoder edges, grid to mesh,'),
  countOption('mesh2grid-edges', 'mesh2gridEdges', 'Decoder edges, mesh to grid,'),
] as const;

export const modelOptions = [
  model(
    'hidden-dim',
    integer(1, maximumHiddenDim, '512'),
    'hiddenDim',
    'Width of every latent row. Activations grow linearly with it, parameters quadratically.',
  ),
  model(
    'layers',
    integer(1, maximumLayers, '16'),
    'layers',
    'Message-passing layers of the processor, weights not shared. Parameters and processor activations grow linearly.',
  ),
  model(
    'mesh-level',
    integer(0, maximumMeshLevel, '6'),
    'meshLevel',
    'Refinements of the icosahedron (graph-weather: H3 resolution). +1 quadruples mesh nodes and edges.',
    '0..8',
  ),
  model(
    'mlp-hidden-layers',
    integer(1, 8, '1'),
    'mlpHiddenLayers',
    'Hidden layers of each MLP. Each one adds two kept arrays per row in PyTorch, and hidden-dim² parameters per MLP.',
  ),
  model(
    'resolution',
    text('1'),
    'grid',
    'Grid spacing in degrees, on the code base’s own grid. Halving it quadruples grid nodes, and encoder and decoder edges.',
    'DEG',
  ),
  model(
    'grid',
    text('181x360'),
    'grid',
    'Grid rows and columns instead of a resolution (an odd number of latitudes has both poles), or a reduced Gaussian grid: o96, n320.',
    'LATxLON|oN|nN',
  ),
  model(
    'grid-kind',
    choice(...typedGridKinds),
    'grid.kind',
    'Whether the rows include both poles, lie half a cell off, or are a poles grid without its last row.',
  ),
  model(
    'levels',
    choice('13', '37'),
    'pressureLevels',
    'Pressure levels. Sets input and output channels by DeepMind’s formula: 12 input and 6 output channels per level.',
  ),
  model(
    'input-channels',
    integer(1, maximumCount, '474'),
    'inputChannels',
    'Width of one grid row as the network reads it (DeepMind: with 3 structural features).',
  ),
  model(
    'output-channels',
    integer(1, maximumCount, '227'),
    'outputChannels',
    'Width of one predicted grid row. Predictions, targets and the loss grow with it.',
  ),
  ...countOptions,
  model(
    'radius-fraction',
    fraction(100, '0.6'),
    'radiusFraction',
    'grid2mesh radius ÷ longest edge of the finest mesh. Encoder edges grow with its square.',
  ),
  model(
    'processor',
    choice(...processorKinds),
    'processor',
    'Processor layer: interaction network, graph transformer, or residual gated graph convolution without or with edge features; only the first keeps edge state.',
  ),
  model(
    'heads',
    integer(1, maximumCount, '16'),
    'heads',
    'Attention heads; must divide hidden-dim. A few bytes per edge and head.',
  ),
  model(
    'mlp-ratio',
    integer(1, 64, '4'),
    'mlpRatio',
    'Width of the attention layer’s MLP ÷ hidden-dim. Two kept arrays of that width per mesh node.',
  ),
  model(
    'attention-backend',
    choice(...attentionBackends),
    'attentionBackend',
    'anemoi’s attention kernels. triton keeps one array per edge, pyg three.',
  ),

  option(
    'model',
    'import',
    text('conf/config.yaml'),
    `Instead of MODEL: a configuration of ${orList(codeBases().flatMap(({ imports }) => imports?.what ?? []))}.`,
    undefined,
    'FILE',
  ),
] as const;
