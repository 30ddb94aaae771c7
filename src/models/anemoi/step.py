"""One step of anemoi's own encoder-processor-decoder, of whatever release is installed, as gc-plan prices it (`gc-plan verify --runtime pytorch`)."""

import importlib.util
import types

import torch
from training import NotBuilt, dtype_of, edges, installed, module_of, recomputed, refuse, step_of

LAYERS = "anemoi.models.layers."
AUTOCAST_NORM = f"{LAYERS}normalization.AutocastLayerNorm"
IMPLEMENTATIONS = {"flash": "flash_attention", "sdpa": "scaled_dot_product_attention"}
PROCESSORS = {"attention": "GraphTransformer", "interaction": "GNN", "transformer": "Transformer", "point-wise": "PointWiseMLP"}
MAPPERS = {"gnn": "GNN", "graphtransformer": "GraphTransformer", "transformer": "Transformer"}
# Of the traced example: two input steps, eight trained features of nodes and edges, noise of the shipped ensemble groups.
INPUT_STEPS, TRAINABLE, NOISE, HIDDEN_NOISE = 2, 8, 4, 32
SKIP = {"_target_": f"{LAYERS}residual.SkipConnection", "step": -1}


class Columns:
  """Column numbers of one side, by group."""

  def __init__(self, size, **groups):
    self.size = size
    self.__dict__.update(groups)

  def __len__(self):
    return self.size


class Options:
  """What of a resolved configuration the constructors are given."""

  def __init__(self, model, recipe):
    self.model, self.recipe, self.own, self.plan = model, recipe, model.get("own", {}), recipe["checkpoint"]
    self.mapper = self.own.get("mapper", "gnn" if model["layout"] == "anemoi-gnn" else "graphtransformer")
    self.extra = model["mlpHiddenLayers"] - (2 if model["layout"] == "anemoi-gnn" else 1)
    self.blocks = self.plan["edges"].get("blocks", 1)
    every = self.plan["processor"].get("layers")
    self.chunks = model["layers"] // every if every else self.own.get("processorChunks", 1)
    self.noise = "ensemble" in recipe

  def kernels(self, part):
    graph_norm = AUTOCAST_NORM if part == "GNN" else "torch.nn.LayerNorm"
    named = {"LayerNorm": {"_target_": graph_norm}, "Linear": {"_target_": "torch.nn.Linear"}, "Activation": {"_target_": "torch.nn.GELU"}}
    return {**named, **{name: {"_target_": AUTOCAST_NORM, "bias": False} for name in ("QueryNorm", "KeyNorm")}}

  def network(self, kind, is_recomputed, qk_norm):
    """Keyword arguments of a processor or a mapper of this kind."""
    model = self.model
    shared = dict(num_channels=model["hiddenDim"], gradient_checkpointing=is_recomputed, layer_kernels=self.kernels(kind))
    if kind == "PointWiseMLP":
      return dict(shared, mlp_hidden_ratio=model["mlpRatio"])
    if kind == "GNN":
      graph = dict(trainable_size=TRAINABLE, sub_graph_edge_attributes=["edge_length", "edge_dirs"])
      return dict(shared, **graph, mlp_hidden_ratio=model["mlpRatio"], mlp_extra_layers=self.extra)
    attends = dict(num_heads=model["heads"], mlp_hidden_ratio=model["mlpRatio"], qk_norm=qk_norm)
    if kind == "Transformer":
      implementation = IMPLEMENTATIONS[self.own.get("attentionImplementation", "flash")]
      return dict(shared, **attends, dropout_p=0.0, attention_implementation=implementation)
    graph = dict(trainable_size=TRAINABLE, sub_graph_edge_attributes=["edge_length", "edge_dirs"], shard_strategy="edges")
    return dict(shared, **attends, **graph, graph_attention_backend=model["attentionBackend"])

  def processor(self):
    kind = PROCESSORS[self.model["processor"]]
    arguments = self.network(kind, self.plan["processor"]["kind"] != "none", self.own.get("qkNorm", False))
    if kind == "Transformer":
      window = self.own.get("windowSize", 512)
      arguments["window_size"] = None if window < 0 else window
    if self.noise:
      norm = dict(normalized_shape=self.model["hiddenDim"], condition_shape=NOISE, zero_init=True, autocast=False)
      arguments["layer_kernels"]["LayerNorm"] = {"_target_": f"{LAYERS}normalization.ConditionalLayerNorm", **norm}
    return dict(_target_=f"{LAYERS}processor.{kind}Processor", num_layers=self.model["layers"], num_chunks=self.chunks, **arguments)

  def mapper_of(self, direction, part):
    kind = MAPPERS[self.mapper]
    arguments = self.network(kind, self.plan[part], False)
    if kind == "Transformer":
      arguments["window_size"] = None
    return dict(_target_=f"{LAYERS}mapper.{kind}{direction}Mapper", num_chunks=self.blocks, **arguments)

  def check(self):
    refuse(self.recipe, rolloutSteps=[1])
    if self.model["processor"] not in PROCESSORS or self.extra < 0 or (self.extra > 0 and self.mapper != "gnn"):
      raise NotBuilt("layers that its classes do not have")
    if self.mapper == "graphtransformer" and self.blocks > 1 or self.plan.get("processorBlocks", 1) > 1:
      raise NotBuilt("chunks of edges: how many rows each has is the real graph's, and the edges here are random")


def step(config, note):
  model, recipe, counts = config["model"], config["recipe"], config["counts"]
  options = Options(model, recipe)
  options.check()
  prepare_kernels(options, note)
  from anemoi.models.models import AnemoiEnsModelEncProcDec, AnemoiModelEncProcDec
  from anemoi.utils.config import DotDict

  outputs, diagnostic = model["outputChannels"], options.own.get("diagnosticChannels", 0)
  prognostic, inputs = outputs - diagnostic, model["inputChannels"] // INPUT_STEPS
  if inputs < prognostic or model["inputChannels"] % INPUT_STEPS:
    raise NotBuilt(f"{model['inputChannels']} input channels: two steps of {prognostic} prognostic ones are more")
  both = torch.arange(inputs)
  side = lambda size, **groups: Columns(size, full=torch.arange(size), prognostic=both[:prognostic], **groups)
  columns = types.SimpleNamespace(
      input=side(inputs, forcing=both[prognostic:], diagnostic=both[:0]),
      output=side(outputs, diagnostic=torch.arange(prognostic, outputs), forcing=both[:0]),
      _forcing=(),
  )
  cls = AnemoiEnsModelEncProcDec if options.noise else AnemoiModelEncProcDec
  networks = networks_of(options)
  networks = DotDict(model=networks if hasattr(cls, "_build_encoder_routing") else before_0_19(networks, options))
  if options.noise:
    networks["condition_on_residual"] = False
  network = cls(
      model_config=networks, data_indices={"data": types.SimpleNamespace(model=columns, name_to_index={})}, statistics={"data": None},
      n_step_input=INPUT_STEPS, n_step_output=1, graph_data=graph_of(counts),
  )  # fmt: skip
  network._graph_data = None
  network.to("cuda", dtype_of(recipe))
  # Lightning moves the model; its column numbers follow with the first batch.
  for groups in (network._internal_input_idx, network._internal_output_idx, getattr(network, "_forcing_input_idx", {})):
    groups.update({name: numbers.to("cuda") for name, numbers in groups.items()})
  more = {"fcstep": 0} if options.noise else {}
  run = lambda x: network({"data": x}, **more)["data"]
  loss_of = lambda prediction, y, number: torch.nn.functional.mse_loss(prediction, y)
  rows = (recipe.get("ensemble", 1), counts["gridNodes"])
  shapes = (recipe["batchSize"], INPUT_STEPS, *rows, inputs), (recipe["batchSize"], 1, *rows, outputs)
  return step_of(config, network, recomputed(run) if options.plan["model"] else run, loss_of, *shapes, options.own.get("validationBatch", 0))


def before_0_19(networks, options):
  """One encoder, one decoder and one width for all."""
  encoder, decoder = networks["encoders"]["0"]["mapper"], networks["decoders"]["0"]["mapper"]
  trained = dict(data=TRAINABLE, hidden=TRAINABLE)
  return {
      **networks, "encoder": encoder, "decoder": decoder, "num_channels": options.model["hiddenDim"], "trainable_parameters": trained,
      "residual": SKIP, "bounding": [],
  }  # fmt: skip


def networks_of(options):
  encoder = dict(source_datasets=["data"], dataset_fusing_strategy="not_supported", mapper=options.mapper_of("Forward", "encoder"))
  decoder = dict(target_datasets=["data"], target_node_features=["encoded_data"], mapper=options.mapper_of("Backward", "decoder"))
  networks = dict(
      model=dict(hidden_nodes_name="hidden", latent_skip=True), processor=options.processor(), encoders={"0": encoder},
      latent_aggregator=dict(_target_=f"{LAYERS}aggregator.SumAggregator"), decoders={"0": decoder},
      residual=dict(datasets=dict(data=SKIP)),
      node_trainable_parameters=dict(data=TRAINABLE, hidden=TRAINABLE), bounding=dict(datasets=dict(data=[])),
  )  # fmt: skip
  if options.noise:
    networks["condition_on_residual"] = networks["model"]["condition_on_residual"] = False
    networks["noise_injector"] = dict(
        _target_=f"{LAYERS}ensemble.NoiseConditioning", noise_std=1, noise_channels_dim=NOISE, noise_mlp_hidden_dim=HIDDEN_NOISE,
        layer_kernels={"Activation": {"_target_": "torch.nn.GELU"}},
    )  # fmt: skip
  return networks


def graph_of(counts):
  from torch_geometric.data import HeteroData

  graph = HeteroData()
  rows = {"data": counts["gridNodes"], "hidden": counts["meshNodes"]}
  for name, size in rows.items():
    graph[name].x = torch.rand(size, 2)
    graph[name].num_nodes = size
  sets = {("data", "hidden"): "grid2meshEdges", ("hidden", "hidden"): "meshEdges", ("hidden", "data"): "mesh2gridEdges"}
  for (sender, receiver), name in sets.items():
    count = counts[name]
    if count == 0:
      continue
    found = graph[sender, "to", receiver]
    found.edge_index = edges(rows[sender], rows[receiver], count)
    found.edge_length, found.edge_dirs = torch.rand(count, 1), torch.rand(count, 2)
  return graph


# Kernels that a CPU installation does not have


def prepare_kernels(options, note):
  model = options.model
  attends = "Transformer" in (PROCESSORS[model["processor"]], MAPPERS[options.mapper])
  if attends and options.own.get("attentionImplementation", "flash") == "flash" and not installed("flash_attn"):
    note("flash-attn is not installed: torch’s own flash kernel stood in for it, which keeps the same arrays.")
    module_of("flash_attn", flash_attn_func=flash, __version__="2.8.0")
  graphs = "GraphTransformer" in (PROCESSORS[model["processor"]], MAPPERS[options.mapper])
  if graphs and model["attentionBackend"] == "triton" and importlib.util.find_spec("triton") is None:
    raise NotBuilt("attention-backend triton: this Python has no triton")


def flash(q, k, v, causal=False, **_):
  """flash_attn's function, whose rows come before the heads."""
  q, k, v = (each.transpose(1, 2) for each in (q, k, v))
  return torch.ops.aten._scaled_dot_product_flash_attention(q, k, v, 0.0, causal)[0].transpose(1, 2)
