/**
 * What is trained: one record per option that sets one key of the model. The type of the key, flags, help, profile files and the report's
 * schema follow from it; which code bases have an option is theirs to say (`models/<code base>/index.ts`). Grid, levels and the counts of a
 * graph of one's own set several keys: `options/definitions/model.ts`.
 */
import { attentionBackends, processorKinds } from './choices.js';
import { maximumCount, maximumHiddenDim, maximumLayers, maximumMeshLevel } from './limits.js';
import { choice, fraction, integer, type ValueOf } from './option-value.js';

export const modelOptions = {
  hiddenDim: {
    name: 'hidden-dim',
    value: integer(1, maximumHiddenDim, '512'),
    help: 'Width of every latent row. Activations grow linearly with it, parameters quadratically.',
  },
  layers: {
    name: 'layers',
    value: integer(1, maximumLayers, '16'),
    help: 'Message-passing layers of the processor, weights not shared. Parameters and processor activations grow linearly.',
  },
  meshLevel: {
    name: 'mesh-level',
    value: integer(0, maximumMeshLevel, '6'),
    help: 'Refinements of the icosahedron (graph-weather: H3 resolution). +1 quadruples mesh nodes and edges.',
    syntax: '0..8',
  },
  mlpHiddenLayers: {
    name: 'mlp-hidden-layers',
    value: integer(1, 8, '1'),
    help: 'Hidden layers of each MLP. Each one adds two kept arrays per row in PyTorch, and hidden-dim² parameters per MLP.',
  },
  inputChannels: {
    name: 'input-channels',
    value: integer(1, maximumCount, '474'),
    help: 'Width of one grid row as the network reads it (DeepMind: with 3 structural features).',
  },
  outputChannels: {
    name: 'output-channels',
    value: integer(1, maximumCount, '227'),
    help: 'Width of one predicted grid row. Predictions, targets and the loss grow with it.',
  },
  radiusFraction: {
    name: 'radius-fraction',
    value: fraction(100, '0.6'),
    help: 'grid2mesh radius ÷ longest edge of the finest mesh. Encoder edges grow with its square.',
  },
  processor: {
    name: 'processor',
    value: choice(...processorKinds),
    help: 'Processor layer: interaction network, graph transformer, residual gated graph convolution without or with edge features, transformer over the rows of the mesh, or an MLP of each row; only the first keeps edge state.',
  },
  heads: {
    name: 'heads',
    value: integer(1, maximumCount, '16'),
    help: 'Attention heads; must divide hidden-dim. A few bytes per edge and head.',
  },
  mlpRatio: {
    name: 'mlp-ratio',
    value: integer(1, 64, '4'),
    help: 'Width of the attention layer’s MLP ÷ hidden-dim. Two kept arrays of that width per mesh node.',
  },
  attentionBackend: {
    name: 'attention-backend',
    value: choice(...attentionBackends),
    help: 'anemoi’s attention kernels. triton keeps one array per edge, pyg three.',
  },
} as const;

export type ModelKey = keyof typeof modelOptions;
export const modelKeys = Object.keys(modelOptions) as ModelKey[];

export type ModelValues = { readonly [Key in ModelKey]: ValueOf<(typeof modelOptions)[Key]['value']> };
