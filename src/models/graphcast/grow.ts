/**
 * Arrays of a released checkpoint, `params:<module>:<name>`: google-deepmind/graphcast 9c034db, checkpoint.py (`:` between keys), and
 * deep_typed_graph_net.py and Haiku's hk.Linear and hk.LayerNorm (names and shapes). Weights are `[in, out]`.
 */
import { fixed, mlpRoles, readsStream, stream } from '../growing/roles.js';
import type { CheckpointLayout } from '../growing/types.js';

export const graphcastCheckpoint: CheckpointLayout = {
  label: 'GraphCast',
  anchor: /^params:mesh2grid_gnn\/~_networks_builder\/decoder_nodes_grid_nodes_mlp\/~\/linear_0:w$/,
  roles(arrays) {
    const roles = mlpRoles(arrays, {
      item: /^params:(?<network>.+?)(?:_mlp\/~\/linear_(?<index>\d+)|_layer_norm):(?<kind>w|b|scale|offset)$/,
      networks: [
        [/\/encoder_/, { reads: fixed, makes: stream }],
        [/\/processor_/, { reads: readsStream, makes: stream }],
        [/\/decoder_/, { reads: readsStream, makes: fixed }],
      ],
      inputFirst: true,
    });
    for (const { name } of arrays) if (!name.startsWith('params:')) roles.set(name, { part: 'table', axes: [] });
    return roles;
  },
  layer: {
    pattern: /^params:mesh_gnn\/~_networks_builder\/processor_(?:edges|nodes)_(?<block>\d+)_/,
    blocks: 1,
    outside: 0,
  },
  settings: { hiddenDim: 'model_config:latent_size', layers: 'model_config:gnn_msg_steps' },
};
