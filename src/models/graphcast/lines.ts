/** What is pasted into DeepMind's code (google-deepmind/graphcast 08cf736), which has no configuration for how it is trained. */
import type { CodeLine, Lines } from '../code-base.js';

const python = (isOn: boolean): string => (isOn ? 'True' : 'False');

/** Groups of mesh steps, each one function of the latent graph under hk.remat (`_process` calls the steps one by one). */
const haikuGroups = (layers: number): CodeLine => ({
  where: 'GraphCast, deep_typed_graph_net.py, _process',
  text: [
    `for first in range(0, len(processor_networks), ${layers}):`,
    `  group = processor_networks[first:first + ${layers}]`,
    '  latent_graph = hk.remat(lambda graph, group=group: functools.reduce(',
    '      lambda g, network: self._process_step(network, g), group, graph))(latent_graph)',
  ].join('\n'),
});

const edgeScan = (blocks: number): CodeLine => ({
  where: 'GraphCast, typed_graph_net.py, the edge update of encoder and decoder, as a sketch',
  text: [
    `def block(carry, edges):  # one of ${blocks} equal slices, the last one padded`,
    '  return carry + hk.remat(embed_gather_update_and_sum)(edges), None',
    'received, _ = hk.scan(block, jnp.zeros_like(receivers), edge_slices)',
  ].join('\n'),
});

const rematCalls: Readonly<Record<'encoder' | 'decoder', CodeLine>> = {
  encoder: {
    where: 'GraphCast, graphcast.py, __call__',
    text: 'latent_mesh_nodes, latent_grid_nodes = hk.remat(self._run_grid2mesh_gnn)(grid_node_features)',
  },
  decoder: {
    where: 'GraphCast, graphcast.py, __call__',
    text: 'output_grid_nodes = hk.remat(self._run_mesh2grid_gnn)(updated_latent_mesh_nodes, latent_grid_nodes)',
  },
};

export const jaxLines: Lines = {
  'checkpoint-encoder': ({ recipe }) => (recipe.checkpoint.encoder ? [rematCalls.encoder] : []),
  'checkpoint-decoder': ({ recipe }) => (recipe.checkpoint.decoder ? [rematCalls.decoder] : []),
  'checkpoint-processor': ({ recipe: { checkpoint } }) =>
    checkpoint.processor.kind === 'every' ? [haikuGroups(checkpoint.processor.layers)] : [],
  'checkpoint-rollout': ({ recipe }) => [
    {
      where: 'GraphCast, where the predictor is built',
      text: `autoregressive.Predictor(predictor, gradient_checkpointing=${python(recipe.checkpoint.rollout)})`,
    },
  ],
  'edge-blocks': ({ recipe: { checkpoint } }) =>
    checkpoint.edges.kind === 'none' ? [] : [edgeScan(checkpoint.edges.blocks)],
  precision: ({ recipe }) => [
    {
      where: 'GraphCast, where the predictor is built',
      text: `casting.Bfloat16Cast(predictor, enabled=${python(recipe.precision === 'bf16')})`,
    },
  ],
  // rollout.py: `chunked_prediction` feeds each chunk's last states to the next call.
  'one-step-per-call': () => [
    {
      where: 'GraphCast, in place of one call for the whole forecast',
      text: [
        'predictions = rollout.chunked_prediction(',
        '    run_forward_jitted, rng, inputs, targets_template, forcings, num_steps_per_chunk=1)',
      ].join('\n'),
    },
  ],
  inference: () => [
    {
      where: 'GraphCast',
      text: 'rollout.chunked_prediction(run_forward_jitted, rng, inputs, targets_template, forcings)',
    },
  ],
};
