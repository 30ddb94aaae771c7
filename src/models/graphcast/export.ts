/** DeepMind's ModelConfig (google-deepmind/graphcast 08cf736, graphcast.py). How it is trained is code there, not configuration. */
import { formatCheckpoint, noCheckpoint } from '../../config/checkpoint.js';
import type { Config } from '../../config/types.js';
import type { Exported, Exporter, Value } from '../exporting/types.js';
import { writeJson } from '../exporting/write.js';

function keysOf({ model, recipe }: Config): Exported {
  const keys = new Map<string, Value>([
    ['model_config.resolution', 360 / model.grid.longitudes],
    ['model_config.mesh_size', model.meshLevel],
    ['model_config.latent_size', model.hiddenDim],
    ['model_config.gnn_msg_steps', model.layers],
    ['model_config.hidden_layers', model.mlpHiddenLayers],
    ['model_config.radius_query_fraction_edge_length', model.radiusFraction],
  ]);
  const plan = formatCheckpoint({ ...recipe.checkpoint, rollout: false });
  const missing = [
    plan !== formatCheckpoint(noCheckpoint) && `--checkpoint ${plan}: hk.remat in the code (gc-plan advise prints it)`,
    model.processor !== 'interaction' && `${model.processor} layers`,
  ];
  return { keys, missing: missing.filter((text) => text !== false) };
}

export const exporter: Exporter = {
  keysOf,
  write: writeJson,
  ending: 'json',
  checkpoint: ({ model }) => (model.processor === 'interaction' ? { ending: 'npz' } : undefined),
};
