"""One step of neural-lam's own GraphLAM as gc-plan prices it (`gc-plan verify --runtime pytorch`)."""

import datetime
import importlib.util
import pathlib
import types

import numpy as np
import torch
from training import NotBuilt, dtype_of, edges, recomputed, refuse, stand_in_for, step_of


class Datastore:
  """What GraphLAM's constructor asks of a datastore."""

  def __init__(self, num_grid_points, channels):
    self.num_grid_points, self.channels = num_grid_points, channels
    ones = types.SimpleNamespace(values=torch.ones(channels).numpy())
    names = ("state_mean", "state_std", "state_diff_mean_standardized", "state_diff_std_standardized")
    self.statistics = types.SimpleNamespace(**{name: ones for name in names})

  def get_num_data_vars(self, category):
    return self.channels if category == "state" else 0

  def get_dataarray(self, **_):
    return None

  def get_standardization_dataarray(self, category):
    return self.statistics

  def get_xy_extent(self, category):
    return [0.0, 1.0, 0.0, 1.0]

  def get_vars_names(self, category):
    return [f"variable {index}" for index in range(self.channels)]


class DatastoreBefore0_7(Datastore):
  """The network was the LightningModule: it asks for what the loss and plots need too, and counts the forcings itself."""

  step_length = datetime.timedelta(hours=6)

  def __init__(self, num_grid_points, channels, forcings):
    super().__init__(num_grid_points, channels)
    self.forcings = forcings
    self.boundary_mask = types.SimpleNamespace(values=np.zeros(num_grid_points))
    self.statistics.state_mean = self.statistics.state_std = types.SimpleNamespace(values=np.ones(channels))

  def get_num_data_vars(self, category):
    return {"state": self.channels, "forcing": self.forcings}.get(category, 0)

  def get_dataarray(self, **_):
    return types.SimpleNamespace(values=np.zeros((self.num_grid_points, 0)))


def network_before_0_7(utils, model, counts):
  from neural_lam.models import ar_model
  from neural_lam.models.graph_lam import GraphLAM

  outputs = model["outputChannels"]
  datastore = DatastoreBefore0_7(counts["gridNodes"], outputs, model["inputChannels"] - 2 * outputs)
  datastore.root_path = pathlib.Path()
  ar_model.get_state_feature_weighting = lambda **_: [1.0] * outputs
  graph = {}
  register_graph(types.SimpleNamespace(register_buffer=lambda name, value, persistent: graph.update({name: value})), counts)
  utils.load_graph = lambda **_: (False, graph)
  arguments = dict(hidden_dim=model["hiddenDim"], hidden_layers=model["mlpHiddenLayers"], processor_layers=model["layers"], mesh_aggr="sum")
  arguments.update(graph="", num_past_forcing_steps=0, num_future_forcing_steps=0, output_std=False, loss="mse", restore_opt=False, n_example_pred=0)
  clamping = types.SimpleNamespace(lower={}, upper={})
  config = types.SimpleNamespace(training=types.SimpleNamespace(output_clamping=clamping))
  network = GraphLAM(types.SimpleNamespace(**arguments), config, datastore)
  network.forward = network.predict_step
  return network


def import_package(note):
  """→ its utilities, and GraphLAM where it has it apart from the training loop"""
  stand_in_for(note, "cartopy", "mllam_data_prep", "mlflow", "parse", "dask", "wandb", "torchvision", "timm")
  import torch_geometric.inspector as inspector

  # neural-lam 0.7.0 names types `X | None`, of which torch-geometric 2.7 and 2.8 know no name.
  of_type = inspector.type_repr
  inspector.type_repr = lambda type_, names: repr(type_) if isinstance(type_, types.UnionType) else of_type(type_, names)
  from neural_lam import utils

  if importlib.util.find_spec("neural_lam.models.step_predictors") is None:
    return utils, None
  from neural_lam.models.step_predictors.graph.graph_lam import GraphLAM

  return utils, GraphLAM


def step(config, note):
  model, recipe, counts = config["model"], config["recipe"], config["counts"]
  refuse(recipe, rolloutSteps=[1])
  plan = recipe["checkpoint"]
  if plan["encoder"] or plan["decoder"] or plan["processor"]["kind"] != "none":
    raise NotBuilt("checkpoints but of the whole model: it has no option for them")
  utils, GraphLAM = import_package(note)
  inputs, outputs = model["inputChannels"], model["outputChannels"]
  forcings = inputs - 2 * outputs
  if forcings < 0:
    raise NotBuilt(f"{inputs} input channels: two states of {outputs} channels are more")
  grid, mesh = counts["gridNodes"], counts["meshNodes"]
  if GraphLAM is None:
    network = network_before_0_7(utils, model, counts)
  else:
    utils.load_and_register_graph = lambda network, *_, **__: register_graph(network, counts)
    utils.compute_grid_input_dim = lambda *_: inputs
    network = GraphLAM(
        Datastore(grid, outputs), hidden_dim=model["hiddenDim"], hidden_layers=model["mlpHiddenLayers"], processor_layers=model["layers"]
    )
  dtype = dtype_of(recipe)
  network.to("cuda", dtype)

  def run(x):
    state, before, forcing = x[..., :outputs], x[..., outputs : 2 * outputs], x[..., 2 * outputs :]
    return network(state, before, forcing)[0]

  loss_of = lambda prediction, y, number: torch.nn.functional.mse_loss(prediction, y)
  batch = recipe["batchSize"]
  run = recomputed(run) if plan["model"] else run
  return step_of(config, network, run, loss_of, (batch, grid, inputs), (batch, grid, outputs))


def register_graph(network, counts):
  grid, mesh = counts["gridNodes"], counts["meshNodes"]
  sets = {"g2m": ("grid2meshEdges", grid, mesh), "m2m": ("meshEdges", mesh, mesh), "m2g": ("mesh2gridEdges", mesh, grid)}
  for name, (count, senders, receivers) in sets.items():
    network.register_buffer(f"{name}_edge_index", edges(senders, receivers, counts[count]), persistent=False)
    network.register_buffer(f"{name}_features", torch.rand(counts[count], 3), persistent=False)
  network.register_buffer("mesh_static_features", torch.rand(mesh, 2), persistent=False)
  return False
