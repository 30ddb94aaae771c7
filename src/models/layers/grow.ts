/** Parameters of the stages that gc-plan trains itself, under the names of `networks.ts` and `mlp.ts`. Weights are `[in, out]`. */
import { fixed, mlpRoles, readsStream, stream } from '../growing/roles.js';
import type { CheckpointLayout } from '../growing/types.js';

export const programCheckpoint: CheckpointLayout = {
  label: 'gc-plan’s own stage',
  anchor: /^mesh2grid\.head\.linear0\.weight$/,
  roles: (arrays) =>
    mlpRoles(arrays, {
      item: /^(?<network>.+)\.(?:linear(?<index>\d+)|norm)\.(?<kind>weight|bias|scale|offset)$/,
      networks: [
        [/\.embed\w+$/, { reads: fixed, makes: stream }],
        [/^mesh2grid\.head$/, { reads: readsStream, makes: fixed }],
        [/^(?:grid2mesh|mesh2grid)\.\w+$|^mesh\.\d+\.(?:edges|nodes)$/, { reads: readsStream, makes: stream }],
      ],
      inputFirst: true,
    }),
  layer: { pattern: /^mesh\.(?<block>\d+)\./, blocks: 1, outside: 0 },
};
