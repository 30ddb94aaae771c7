/** The state_dict of neural-lam's GraphLAM (0.7.0, utils.make_mlp, interaction_net.py). Weights are `[out, in]`. */
import { fixed, mlpRoles, readsStream, stream } from '../growing/roles.js';
import type { CheckpointLayout } from '../growing/types.js';

const networks =
  /^(?:grid|g2m|m2g|m2m|mesh)_embedder$|^(?:g2m_gnn|m2g_gnn|processor)\.|^encoding_grid_mlp$|^output_map$/;

export const neuralLamCheckpoint: CheckpointLayout = {
  label: 'neural-lam GraphLAM',
  anchor: /output_map\.0\.weight$/,
  roles(arrays) {
    const roles = mlpRoles(arrays, {
      item: /^(?<network>.+?)\.(?<index>\d+)\.(?<kind>weight|bias)$/,
      networks: [
        [/_embedder$/, { reads: fixed, makes: stream }],
        [/^output_map$/, { reads: readsStream, makes: fixed }],
        [networks, { reads: readsStream, makes: stream }],
      ],
      inputFirst: false,
    });
    // Statistics, limits and static features of the data set.
    for (const { name } of arrays)
      if (!networks.test(name.split(/\.\d+\./)[0]!)) roles.set(name, { part: 'table', axes: [] });
    return roles;
  },
  layer: { pattern: /^processor\.module_(?<block>\d+)\./, blocks: 1, outside: 0 },
};
