/**
 * The state_dict of anemoi's encoder-processor-decoder (anemoi-models 0.19: layers/block.py, mapper.py, mlp.py). Weights are `[out, in]`.
 * Two kinds: GNN (a LayerNorm closes every MLP) and graph transformer (LayerNorms stand before attention and MLP).
 */
import {
  bare,
  fixed,
  heads,
  hidden,
  mlpRoles,
  readsHeads,
  readsHidden,
  readsStream,
  rolesByPattern,
  stream,
} from '../growing/roles.js';
import type { ArrayRole, CheckpointLayout, StoredArray } from '../growing/types.js';

/** Positions, trainable columns of nodes and edges, residuals' and boundings' own: as many as the data has. */
const ofData = /^(?:node_attributes|residual|boundings?|\w+_graph_provider)\b/;
const dataRoles = (arrays: readonly StoredArray[]) => rolesByPattern(arrays, [[ofData, { part: 'table', axes: [] }]]);

const layer = { pattern: /^processor\.proc\.(?<block>\d+)\.(?!emb_edges)/, blocks: 1, outside: 0 };

export const anemoiGnnCheckpoint: CheckpointLayout = {
  label: 'anemoi GNN',
  anchor: /decoder\.(?:\w+\.)?node_data_extractor\.mlp\.0\.weight$/,
  roles(arrays) {
    const roles = mlpRoles(arrays, {
      item: /^(?<network>.+?)\.(?:mlp\.(?<index>\d+)|layer_norm)\.(?<kind>weight|bias)$/,
      networks: [
        [/\.emb_(?:nodes_(?:src|dst)|edges)$/, { reads: fixed, makes: stream }],
        [/\.node_data_extractor$/, { reads: readsStream, makes: fixed }],
        [/\.(?:node_mlp|edge_mlp)$/, { reads: readsStream, makes: stream }],
      ],
      inputFirst: false,
    });
    return new Map([...roles, ...dataRoles(arrays)]);
  },
  layer,
};

const norms: readonly (readonly [RegExp, ArrayRole])[] = [
  [/\.q_norm\.weight$/, { part: 'scale', axes: [{ units: 'head' }], query: true }],
  [/\.q_norm\.bias$/, { part: 'offset', axes: [{ units: 'head' }], query: true }],
  [/\.k_norm\.weight$/, { part: 'scale', axes: [{ units: 'head' }] }],
  [/\.k_norm\.bias$/, { part: 'offset', axes: [{ units: 'head' }] }],
  [/\.layer_norm_\w+\.weight$|\.node_data_extractor\.0\.weight$/, { part: 'scale', axes: [bare] }],
  [/\.layer_norm_\w+\.bias$|\.node_data_extractor\.0\.bias$/, { part: 'offset', axes: [bare] }],
];

const attention: readonly (readonly [RegExp, ArrayRole])[] = [
  [/\.lin_query\.weight$/, { part: 'weight', axes: [heads, readsStream], query: true }],
  [/\.lin_query\.bias$/, { part: 'bias', axes: [heads], query: true }],
  [/\.lin_(?:key|value|self)\.weight$/, { part: 'weight', axes: [heads, readsStream] }],
  [/\.lin_edge\.weight$/, { part: 'weight', axes: [heads, fixed] }],
  [/\.lin_(?:key|value|self|edge)\.bias$/, { part: 'bias', axes: [heads] }],
  [/\.projection\.weight$/, { part: 'weight', axes: [bare, readsHeads], closesLayer: true }],
  [/\.projection\.bias$/, { part: 'bias', axes: [bare], closesLayer: true }],
];

const rest: readonly (readonly [RegExp, ArrayRole])[] = [
  [/\.node_(?:dst|src)_mlp\.mlp\.0\.weight$/, { part: 'weight', axes: [hidden, readsStream] }],
  [/\.node_(?:dst|src)_mlp\.mlp\.0\.bias$/, { part: 'bias', axes: [hidden] }],
  [/\.node_(?:dst|src)_mlp\.mlp\.2\.weight$/, { part: 'weight', axes: [bare, readsHidden], closesLayer: true }],
  [/\.node_(?:dst|src)_mlp\.mlp\.2\.bias$/, { part: 'bias', axes: [bare], closesLayer: true }],
  [/\.emb_nodes_(?:dst|src)\.weight$/, { part: 'weight', axes: [bare, fixed] }],
  [/\.emb_nodes_(?:dst|src)\.bias$/, { part: 'bias', axes: [bare] }],
  [/\.node_data_extractor\.1\.weight$/, { part: 'weight', axes: [fixed, readsStream] }],
  [/\.node_data_extractor\.1\.bias$/, { part: 'bias', axes: [fixed] }],
];

export const anemoiGraphTransformerCheckpoint: CheckpointLayout = {
  label: 'anemoi graph transformer',
  anchor: /decoder\.(?:\w+\.)?node_data_extractor\.1\.weight$/,
  roles: (arrays) => new Map([...rolesByPattern(arrays, [...norms, ...attention, ...rest]), ...dataRoles(arrays)]),
  layer,
  heads: 16,
};
