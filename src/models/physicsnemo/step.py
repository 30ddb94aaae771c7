"""One step of NVIDIA's own GraphCastNet, of whatever release is installed, as gc-plan prices it (`gc-plan verify --runtime pytorch`)."""

import torch
from training import NotBuilt, dtype_of, module_of, refuse, stand_in_for, stand_in_for_scatter, step_of


def import_packages(note):
  """→ GraphCastNet and its loss"""
  stand_in_for(note, "torchvision", "timm")
  if stand_in_for_scatter(note):
    module_of("torch_sparse", SparseTensor=None)
    import physicsnemo.core.version_check as versions

    check = versions.check_version_spec
    there = ("torch_sparse", "torch_scatter")
    versions.check_version_spec = lambda name, *args, **kwargs: name in there or check(name, *args, **kwargs)
  from physicsnemo.metrics.climate.graphcast_loss import GraphCastLossFunction
  from physicsnemo.models.graphcast.graph_cast_net import GraphCastNet

  return GraphCastNet, GraphCastLossFunction


def step(config, note):
  model, recipe = config["model"], config["recipe"]
  refuse(recipe, batchSize=[1], recomputeActivation=[False], concatTrick=["off", "eager"])
  if recipe["rolloutSteps"] > 1 and model["inputChannels"] != model["outputChannels"]:
    raise NotBuilt("a rollout whose input is not its output: the training script joins what is missing")
  if model["processor"] != "interaction" or model["radiusFraction"] != 0.6:
    raise NotBuilt("another processor or radius than its own")
  GraphCastNet, Loss = import_packages(note)
  grid = (model["grid"]["latitudes"], model["grid"]["longitudes"])
  network = GraphCastNet(
      mesh_level=model["meshLevel"], input_res=grid, input_dim_grid_nodes=model["inputChannels"],
      output_dim_grid_nodes=model["outputChannels"], processor_layers=model["layers"], hidden_layers=model["mlpHiddenLayers"],
      hidden_dim=model["hiddenDim"], do_concat_trick=recipe["concatTrick"] != "off", recompute_activation=False,
  )  # fmt: skip
  set_checkpoints(network, recipe["checkpoint"])
  dtype = dtype_of(recipe)
  network.to("cuda", dtype)
  loss = Loss.__new__(Loss)
  torch.nn.Module.__init__(loss)
  loss.area, loss.variable_weights = torch.ones(grid, dtype=dtype, device="cuda"), torch.ones(model["outputChannels"])
  loss.time_diff_std = torch.ones(1, model["outputChannels"], 1, 1)
  loss_of = lambda prediction, y, number: loss(prediction, y[:, number])
  targets = (1, recipe["rolloutSteps"], model["outputChannels"], *grid)
  return step_of(config, network, network, loss_of, (1, model["inputChannels"], *grid), targets)


def set_checkpoints(network, plan):
  if plan["model"]:
    network.set_checkpoint_model(True)
  if plan["encoder"]:
    network.set_checkpoint_encoder(True)
  if plan["decoder"]:
    network.set_checkpoint_decoder(True)
  processor = plan["processor"]
  if processor["kind"] == "segments":
    network.set_checkpoint_processor(processor["segments"])
  if processor["kind"] == "every":
    blocks, every = network.processor.num_processor_layers, 2 * processor["layers"]
    network.set_checkpoint_processor(1)
    network.processor.checkpoint_segments = [(first, min(blocks, first + every)) for first in range(0, blocks, every)]
