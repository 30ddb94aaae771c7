/**
 * What is pasted into WeatherNext 2's code (google-deepmind/weathernext 9c034db). Its configuration has a flag for each of the two graph networks;
 * that for the mesh recomputes all layers at once, and all of them are alive when it has, so that layers are wrapped one by one in the code.
 */
import type { CheckpointPlan } from '../../config/types.js';
import type { CodeLine, Lines } from '../code-base.js';
import { rematBlocks } from '../gencast/lines.js';

const notebook = 'WeatherNext 2, where the configuration is loaded';

const python = (isOn: boolean): string => (isOn ? 'True' : 'False');

const flag = (name: string, isOn: boolean): CodeLine => ({
  where: notebook,
  text: `config.predictor_kwargs['noisy_function_kwargs']['${name}'] = ${python(isOn)}`,
});

const layers = ({ processor }: CheckpointPlan): readonly CodeLine[] =>
  processor.kind === 'every' ? [rematBlocks('WeatherNext 2, utils/sparse_transformer.py', processor.layers)] : [];

export const jaxLines: Lines = {
  'checkpoint-encoder': ({ recipe: { checkpoint } }) => [flag('remat_grid_to_mesh_gnn', checkpoint.encoder)],
  'checkpoint-decoder': ({ recipe: { checkpoint } }) => [flag('remat_mesh_to_grid_gnn', checkpoint.decoder)],
  'checkpoint-processor': ({ recipe: { checkpoint } }) => layers(checkpoint),
  // The last wrapper adds the samples, the one before it runs the steps.
  'checkpoint-rollout': ({ recipe: { checkpoint } }) => [
    {
      where: notebook,
      text: `config.predictor_wrappers[-2]['kwargs']['gradient_checkpointing'] = ${python(checkpoint.rollout)}`,
    },
  ],
  // No released configuration has it.
  precision: ({ recipe }) => [
    {
      where: `${notebook}, with from weathernext.utils import casting`,
      text: `config.predictor_wrappers.insert(0, {'constructor': casting.Bfloat16Cast, 'kwargs': {'enabled': ${python(recipe.precision === 'bf16')}}})`,
    },
  ],
  inference: () => [
    {
      where: 'WeatherNext 2',
      text: 'rollout.chunked_prediction_generator_multiple_runs(..., num_steps_per_chunk=1)',
    },
  ],
};
