/** What is pasted into GenCast's code (google-deepmind/graphcast 08cf736), which recomputes nothing and has no configuration for it. */
import type { CodeLine, Lines } from '../code-base.js';

const denoiser = 'GenCast, denoiser.py, _DenoiserArchitecture.__call__';

const remat: Readonly<Record<'encoder' | 'decoder', CodeLine>> = {
  encoder: {
    where: denoiser,
    text: [
      'latent_mesh_nodes, latent_grid_nodes = hk.remat(self._run_grid2mesh_gnn)(',
      '    grid_node_features, global_norm_conditioning)',
    ].join('\n'),
  },
  decoder: {
    where: denoiser,
    text: [
      'output_grid_nodes = hk.remat(self._run_mesh2grid_gnn)(',
      '    updated_latent_mesh_nodes, latent_grid_nodes, global_norm_conditioning)',
    ].join('\n'),
  },
};

/** The transformer's layers in groups, with what its file imports; `file`: whose copy of it. */
export const rematBlocks = (file: string, layers: number): CodeLine => ({
  where: `${file}, Transformer.__call__, in place of the loop over the layers`,
  text: [
    'blocks = [Block(cfg=self._cfg, mask=self.mask, num_nodes=x.shape[1],',
    "                num_padding_nodes=self.num_padding_nodes, name='block_%02d' % i)",
    '          for i in range(self._cfg.num_layers)]',
    `for first in range(0, len(blocks), ${layers}):`,
    `  def run(x, conditioning, group=blocks[first:first + ${layers}]):`,
    '    for block in group:',
    '      x = block(x, global_norm_conditioning=conditioning)',
    '    return x',
    '  x = hk.remat(run)(x, global_norm_conditioning)',
  ].join('\n'),
});

const python = (isOn: boolean): string => (isOn ? 'True' : 'False');

export const jaxLines: Lines = {
  'checkpoint-encoder': ({ recipe }) => (recipe.checkpoint.encoder ? [remat.encoder] : []),
  'checkpoint-decoder': ({ recipe }) => (recipe.checkpoint.decoder ? [remat.decoder] : []),
  'checkpoint-processor': ({ recipe: { checkpoint } }) =>
    checkpoint.processor.kind === 'every'
      ? [rematBlocks('GenCast, sparse_transformer.py', checkpoint.processor.layers)]
      : [],
  // The released notebooks do not wrap GenCast; GraphCast's do.
  precision: ({ recipe }) => [
    {
      where: 'GenCast, where the predictor is built, inside the normalisation, with from graphcast import casting',
      text: `predictor = casting.Bfloat16Cast(predictor, enabled=${python(recipe.precision === 'bf16')})`,
    },
  ],
  inference: () => [
    {
      where: 'GenCast',
      text: 'rollout.chunked_prediction(run_forward_jitted, rng, inputs, targets_template, forcings)',
    },
  ],
};
