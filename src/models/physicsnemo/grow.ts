/** The state_dict of PhysicsNeMo's GraphCastNet (nvidia-physicsnemo 2.2.2, gnn_layers/mesh_graph_mlp.py). Weights are `[out, in]`. */
import { fixed, hidden, mlpRoles, readsHidden, readsStream, rolesByPattern, stream } from '../growing/roles.js';
import type { CheckpointLayout } from '../growing/types.js';

/** The concat trick's three matrices stand in place of the first Linear. */
const splitWeight = /^(?<network>.+)\.lin_(?:efeat|src|dst)$/;

export const physicsnemoCheckpoint: CheckpointLayout = {
  label: 'PhysicsNeMo GraphCastNet',
  anchor: /finale\.model\.0\.weight$/,
  roles(arrays) {
    const split = new Set(arrays.flatMap(({ name }) => splitWeight.exec(name)?.groups?.network ?? []));
    const plain = mlpRoles(arrays, {
      item: /^(?<network>.+?)\.model\.(?<index>\d+)\.(?<kind>weight|bias)$/,
      networks: [
        [/_embedder\./, { reads: fixed, makes: stream }],
        [/^finale$/, { reads: readsStream, makes: fixed }],
        ...[...split].map((network) => [exactly(network), { reads: readsHidden, makes: stream }] as const),
        [/^(?:encoder|processor|processor_encoder|processor_decoder|decoder)\b/, { reads: readsStream, makes: stream }],
      ],
      inputFirst: false,
    });
    const ofSplit = rolesByPattern(arrays, [
      [splitWeight, { part: 'weight', axes: [hidden, readsStream] }],
      [/_mlp\.bias$/, { part: 'bias', axes: [hidden] }],
    ]);
    return new Map([...plain, ...ofSplit]);
  },
  // An edge block and a node block are a layer; the first and the last layer are modules of their own.
  layer: { pattern: /^processor\.processor_layers\.(?<block>\d+)\./, blocks: 2, outside: 2 },
};

const exactly = (network: string) => new RegExp(`^${network.replaceAll('.', '\\.')}$`);
