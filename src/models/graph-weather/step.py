"""One step of graph_weather's own GraphCast class as gc-plan prices it (`gc-plan verify --runtime pytorch`)."""

import torch
from training import NotBuilt, refuse, stand_in_for, stand_in_for_scatter, step_of


def step(config, note):
  model, recipe, counts = config["model"], config["recipe"], config["counts"]
  refuse(recipe, precision=["fp32", "bf16", "fp16"], rolloutSteps=[1])
  if model["inputChannels"] != model["outputChannels"]:
    raise NotBuilt("input and output channels that differ: its decoder adds one to the other")
  stand_in_for(note, "torchvision", "timm", "nnja_ai", "dask", "cartopy")
  stand_in_for_scatter(note)
  from graph_weather.models.graphcast.model import GraphCast

  plan, layers = recipe["checkpoint"], model["layers"]
  every = plan["processor"].get("layers")
  network = GraphCast(
      points(model["grid"]), resolution=model["meshLevel"], input_dim=model["inputChannels"], output_dim=model["outputChannels"],
      hidden_dim=model["hiddenDim"], num_processor_blocks=layers, hidden_layers=model["mlpHiddenLayers"],
      use_checkpointing=every == 1 and layers > 1,
  )  # fmt: skip
  if every is not None and every not in (1, layers):
    raise NotBuilt(f"groups of {every} layers: it recomputes every block or the whole processor")
  if plan["model"]:
    network.set_checkpoint_model(True)
  if plan["encoder"]:
    network.set_checkpoint_encoder(True)
  if plan["decoder"]:
    network.set_checkpoint_decoder(True)
  if every == layers:
    network.set_checkpoint_processor(-1)
  network.to("cuda")
  to_card(network)
  shape = (recipe["batchSize"], counts["gridNodes"], model["inputChannels"])
  loss_of = lambda prediction, y, number: torch.nn.functional.mse_loss(prediction, y)
  return step_of(config, network, network, loss_of, shape, shape)


def points(grid):
  """Latitude and longitude of every grid point, in degrees: rows by gc-plan's rule for its kind of grid."""
  latitudes, longitudes = grid["latitudes"], grid["longitudes"]
  cell = 180 / (latitudes - 1 if grid["kind"] == "poles" else latitudes)
  offset = 0 if grid["kind"] in ("poles", "cut") else cell / 2
  return [(-90 + offset + cell * row, 360 * column / longitudes) for row in range(latitudes) for column in range(longitudes)]


def to_card(network):
  """Its graphs are no buffers: they go to the card with the first forward pass, and stay."""
  for module in network.modules():
    for name in ("graph", "latent_graph"):
      if hasattr(module, name):
        setattr(module, name, getattr(module, name).to("cuda"))
    if isinstance(getattr(module, "latlon_nodes", None), torch.Tensor):
      module.latlon_nodes = module.latlon_nodes.to("cuda")
