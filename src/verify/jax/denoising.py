"""GenCast as its notebook builds it (google-deepmind/graphcast 08cf736, gencast_mini_demo.ipynb), with what the released code cannot recompute."""

import importlib
import typing


def network_of(hk, model, recipe):
  """The task, and a function that makes the network: the default noise levels and sampler, sizes and attention from the configuration."""
  gencast, denoiser = (importlib.import_module(f"graphcast.{name}") for name in ("gencast", "denoiser"))
  tell_tracers()
  own, processor = model["own"], recipe["checkpoint"]["processor"]
  if processor["kind"] == "every":
    recompute_layers(hk, processor["layers"])

  def network():
    transformer = denoiser.SparseTransformerConfig(
        attention_k_hop=own["kHop"],
        attention_type="mha" if own["attention"] == "mha" else "triblockdiag_mha",
        d_model=model["hiddenDim"],
        num_layers=model["layers"],
        num_heads=model["heads"],
        ffw_hidden=model["mlpRatio"] * model["hiddenDim"],
    )
    architecture = denoiser.DenoiserArchitectureConfig(
        sparse_transformer_config=transformer,
        mesh_size=model["meshLevel"],
        latent_size=model["hiddenDim"],
        hidden_layers=model["mlpHiddenLayers"],
        radius_query_fraction_edge_length=model["radiusFraction"],
    )
    return gencast.GenCast(
        task_config=gencast.TASK,
        denoiser_architecture_config=architecture,
        sampler_config=gencast.SamplerConfig(),
        noise_config=gencast.NoiseConfig(),
        noise_encoder_config=denoiser.NoiseEncoderConfig(),
    )

  return gencast.TASK, network


def tell_tracers():
  """xarray_jax asks whether a tracer is an ArrayLike; a union answers for its members' subclasses, of which JAX's newer tracers are none."""
  import jax

  jax.typing.ArrayLike = typing.get_args(jax.typing.ArrayLike)


def recompute_layers(hk, size):
  """Groups of the transformer's layers under hk.remat, in place of its loop."""
  import jax.numpy as jnp
  from graphcast import mlp, sparse_transformer

  class Transformer(sparse_transformer.Transformer):

    def __call__(self, node_features, global_norm_conditioning):
      x = node_features
      blocks = [
          sparse_transformer.Block(
              cfg=self._cfg, mask=self.mask, num_nodes=x.shape[1], num_padding_nodes=self.num_padding_nodes, name=f"block_{layer:02d}")
          for layer in range(self._cfg.num_layers)
      ]
      for first in range(0, len(blocks), size):
        def run(x, conditioning, group=blocks[first:first + size]):
          for block in group:
            x = block(x, global_norm_conditioning=conditioning)
          return x
        x = hk.remat(run)(x, global_norm_conditioning)
      norm = mlp.LinearNormConditioning(name=f"{self.name}_final_norm_conditioning")
      plain = sparse_transformer.layernorm(x, create_scale=False, create_offset=False)
      return norm(plain, norm_conditioning=jnp.expand_dims(global_norm_conditioning, 1))

  sparse_transformer.Transformer = Transformer
