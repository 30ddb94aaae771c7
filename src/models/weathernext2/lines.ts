/**
 * What is pasted into WeatherNext 2's code (google-deepmind/weathernext 9c034db). Its configuration has a flag for each of the two graph networks;
 * that for the mesh recomputes all layers at once, and all of them are alive when it has, so that layers are wrapped one by one in the code.
 */
import type { CheckpointPlan } from '../../config/types.js';
import type { CodeLine, Lines } from '../code-base.js';
import { rematBlocks } from '../gencast/lines.js';

const notebook = 'WeatherNext 2, where the configuration is loaded';

const flag = (name: string, isOn: boolean): CodeLine => ({
  where: notebook,
  text: `config.predictor_kwargs['noisy_function_kwargs']['${name}'] = ${isOn ? 'True' : 'False'}`,
});

const layers = ({ processor }: CheckpointPlan): readonly CodeLine[] =>
  processor.kind === 'every' ? [rematBlocks('WeatherNext 2, utils/sparse_transformer.py', processor.layers)] : [];

export const jaxLines: Lines = {
  'checkpoint-encoder': ({ recipe: { checkpoint } }) => [flag('remat_grid_to_mesh_gnn', checkpoint.encoder)],
  'checkpoint-decoder': ({ recipe: { checkpoint } }) => [flag('remat_mesh_to_grid_gnn', checkpoint.decoder)],
  'checkpoint-processor': ({ recipe: { checkpoint } }) => layers(checkpoint),
  'checkpoint-rollout': ({ recipe: { checkpoint } }) => [
    {
      where: 'WeatherNext 2, configs/*.json, the wrapper autoregressive.Predictor',
      text: `"gradient_checkpointing": ${checkpoint.rollout}`,
    },
  ],
  // No released configuration has the wrapper; in bf16 it loses every variable in the loss (the mean of a dataset skips bfloat16).
  precision: ({ recipe }) => [
    {
      where: 'WeatherNext 2, configs/*.json, predictor_wrappers: the first, around the network',
      text: `{"constructor": "weathernext.utils.casting.Bfloat16Cast", "kwargs": {"enabled": ${recipe.precision === 'bf16'}}}`,
    },
  ],
  inference: () => [
    {
      where: 'WeatherNext 2',
      text: 'rollout.chunked_prediction_generator_multiple_runs(..., num_steps_per_chunk=1)',
    },
  ],
};
