"""Compiles one training step or forecast of DeepMind's GraphCast or GenCast for a described GPU, without a GPU, and prints what XLA reserves.

Reads the resolved configuration of gc-plan (JSON, {model, recipe, device}) from stdin, prints one JSON object. The arguments are
shapes only; nothing is executed. Needs jax with the CUDA 12 plugin (0.4.38 or later), dm-haiku, optax and the graphcast package.
Exit codes: 0 printed, 3 a package is missing (JSON with the key "missing"), 4 not something this probe compiles ("unsupported").
"""

import ctypes
import glob
import importlib
import importlib.metadata
import importlib.util
import json
import os
import re
import signal
import sys
import tempfile

# Per compute capability, from XLA's public target specs (xla/backends/gpu/target_config/specs): cores, FPUs per core, threads
# per core, shared memory per core and per block (opt-in), L2 bytes, GHz, bytes/s. Memory does not depend on them, but for the
# number of arrays that meet in the loss head, which a cost model decides.
TARGETS = {
    70: (80, 64, 2048, 98304, 98304, 6291456, 1.53, 898048000000),
    80: (108, 64, 2048, 167936, 166912, 41943040, 1.41, 1555200000000),
    86: (84, 128, 1536, 102400, 101376, 6291456, 1.80, 768096000000),
    89: (142, 128, 1536, 102400, 101376, 100663296, 2.52, 864096000000),
    90: (132, 128, 2048, 233472, 232448, 52428800, 1.98, 3352320000000),
}


def stop(code, **answer):
  print(json.dumps(answer))
  sys.exit(code)


def target_config(device):
  capability = device["computeCapability"]
  known = max((key for key in TARGETS if key <= capability), default=70)
  cores, fpus, threads, shared, opt_in, l2, clock, bandwidth = TARGETS[known]
  return (
      "gpu_device_info { threads_per_block_limit: 1024 threads_per_warp: 32 shared_memory_per_block: 49152 "
      f"shared_memory_per_core: {shared} threads_per_core_limit: {threads} core_count: {cores} fpus_per_core: {fpus} "
      "block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535 "
      f"memory_bandwidth: {bandwidth} l2_cache_size: {l2} clock_rate_ghz: {clock} "
      f"device_memory_size: {device['reportedBytes']} shared_memory_per_block_optin: {opt_in} "
      f"cuda_compute_capability {{ major: {capability // 10} minor: {capability % 10} }} "
      "registers_per_core_limit: 65536 registers_per_block_limit: 65536 } "
      f'platform_name: "CUDA" dnn_version_info {{ major: 9 minor: 10 }} {runtime_version()}'
      f'device_description_str: "{device["name"]}"'
  )


def jaxlib_version():
  return tuple(int(part) for part in importlib.metadata.version("jaxlib").split(".")[:2])


def runtime_version():
  """A field that jaxlib before 0.6 does not know."""
  return "runtime_version { major: 12 minor: 8 } " if jaxlib_version() >= (0, 6) else ""


def compiler_flags(recipe):
  """Kernels are not tuned: there is no device to time them on."""
  flags = ["--xla_gpu_autotune_level=0"]
  if recipe["xlaGemm"] != "triton":
    flags.append("--xla_gpu_enable_triton_gemm=false")
  spec = importlib.util.find_spec("nvidia.cuda_nvcc") if importlib.util.find_spec("nvidia") else None
  if spec is not None:
    flags.append(f"--xla_gpu_cuda_data_dir={list(spec.submodule_search_locations)[0]}")
  return " ".join([os.environ.get("XLA_FLAGS", ""), *flags]).strip()


def set_environment(recipe):
  """Before jax is imported. Returns where XLA writes its buffer assignment, which jaxlib before 0.9 may not analyse without a card."""
  os.environ["XLA_FLAGS"] = compiler_flags(recipe)
  os.environ["JAX_PLATFORMS"] = "cpu"
  # The plugin looks for CUDA's libraries, which only running needs.
  os.environ["JAX_SKIP_CUDA_CONSTRAINTS_CHECK"] = "1"
  if jaxlib_version() >= (0, 9):
    return None
  directory = tempfile.TemporaryDirectory()
  os.environ["XLA_FLAGS"] += f" --xla_dump_to={directory.name} --xla_dump_hlo_as_text"
  return directory


def report(device, compiled, dump):
  stop(
      0,
      version=f"jaxlib {importlib.metadata.version('jaxlib')}",
      device=device["name"],
      **(analysis_of(compiled.memory_analysis()) if dump is None else analysis_of_dump(dump.name)),
  )


def analysis_of(analysis):
  return dict(
      argumentBytes=analysis.argument_size_in_bytes,
      outputBytes=analysis.output_size_in_bytes,
      aliasBytes=analysis.alias_size_in_bytes,
      temporaryBytes=analysis.temp_size_in_bytes,
  )


def buffer_assignment(directory):
  return f"{directory}/*after_optimizations-buffer-assignment.txt"


def analysis_of_dump(directory):
  """Adds up the allocations of XLA's buffer assignment; a result that is written over an argument is both."""
  (file,) = glob.glob(buffer_assignment(directory))
  with open(file, encoding="utf-8") as text:
    allocations = re.findall(r"^allocation \d+: size (\d+), (.*)", text.read(), re.MULTILINE)
  total = lambda *marks: sum(int(size) for size, what in allocations if all(mark in what for mark in marks))
  return dict(
      argumentBytes=total("parameter "),
      outputBytes=total("maybe-live-out"),
      aliasBytes=total("parameter ", "maybe-live-out"),
      temporaryBytes=total("preallocated-temp"),
  )


def import_graphcast():
  names = ("graphcast", "casting", "normalization", "autoregressive", "nan_cleaning", "xarray_jax", "xarray_tree")
  return {name: importlib.import_module(f"graphcast.{name}") for name in names}


def task_of(graphcast, model):
  levels = {83: 13, 227: 37}.get(model["outputChannels"])
  tasks = {(83, 186): "TASK_13", (83, 184): "TASK_13_PRECIP_OUT", (227, 474): "TASK"}
  name = tasks.get((model["outputChannels"], model["inputChannels"]))
  if levels is None or name is None:
    stop(4, unsupported="other variables than the released tasks'")
  return getattr(graphcast, name)


def dataset(xarray, np, graphcast, task, model, batch, hours, variables, times, first_time):
  """Zeros without memory: only the tree and the shapes are used."""
  grid = model["grid"]
  latitudes, longitudes = grid["latitudes"], grid["longitudes"]
  levels = np.array(task.pressure_levels)
  sizes = {"batch": batch, "time": times, "lat": latitudes, "lon": longitudes, "level": len(levels)}

  def dims_of(name):
    if name in graphcast.ALL_ATMOSPHERIC_VARS:
      return ("batch", "time", "level", "lat", "lon")
    if name in graphcast.STATIC_VARS:
      return ("lat", "lon")
    if name.startswith("year_progress"):
      return ("batch", "time")
    if name.startswith("day_progress"):
      return ("batch", "time", "lon")
    return ("batch", "time", "lat", "lon")

  def zeros(name):
    dims = dims_of(name)
    return dims, np.broadcast_to(np.float32(0), [sizes[dim] for dim in dims])

  cells = 180 / latitudes if grid["kind"] == "no-poles" else 180 / (latitudes - (grid["kind"] == "poles"))
  offset = cells / 2 if grid["kind"] == "no-poles" else 0
  coordinates = dict(
      lat=(np.arange(latitudes) * cells + offset - 90).astype(np.float32),
      lon=(np.arange(longitudes) * 360 / longitudes).astype(np.float32),
      level=levels,
      time=(np.arange(times) + first_time) * np.timedelta64(hours, "h"),
  )
  return xarray.Dataset({name: zeros(name) for name in variables}, coords=coordinates)


def unit_statistics(xarray, np, graphcast, task):
  names = sorted(set(task.input_variables) | set(task.target_variables))
  levels = np.array(task.pressure_levels)
  ones = lambda name: (("level",), np.ones(len(levels), np.float32)) if name in graphcast.ALL_ATMOSPHERIC_VARS else ((), np.float32(1))
  return xarray.Dataset({name: ones(name) for name in names}, coords=dict(level=levels))


def recompute(hk, model, checkpoint):
  """hk.remat around the networks, from outside: no change to the model's code."""
  if checkpoint["encoder"]:
    encoder = model._run_grid2mesh_gnn
    model._run_grid2mesh_gnn = lambda *arguments: hk.remat(encoder)(*arguments)
  if checkpoint["decoder"]:
    decoder = model._run_mesh2grid_gnn
    model._run_mesh2grid_gnn = lambda *arguments: hk.remat(decoder)(*arguments)
  # The transformer's layers are grouped where the network is made.
  if checkpoint["processor"]["kind"] == "every" and hasattr(model._mesh_gnn, "_process_step"):
    group_steps(hk, model._mesh_gnn, checkpoint["processor"]["layers"])


def group_steps(hk, gnn, size):
  def process(graph, networks):
    key = graph.edge_key_by_name("mesh")

    def with_features(nodes, edges):
      node_set, edge_set = graph.nodes["mesh_nodes"], graph.edges[key]
      return graph._replace(
          nodes={"mesh_nodes": node_set._replace(features=nodes)}, edges={key: edge_set._replace(features=edges)})

    def run(group, nodes, edges):
      state = with_features(nodes, edges)
      for network in group:
        state = gnn._process_step(network, state)
      return state.nodes["mesh_nodes"].features, state.edges[key].features

    nodes, edges = graph.nodes["mesh_nodes"].features, graph.edges[key].features
    for first in range(0, len(networks), size):
      group = networks[first:first + size]
      nodes, edges = hk.remat(lambda n, e, group=group: run(group, n, e))(nodes, edges)
    return with_features(nodes, edges)

  gnn._process = process


def optimizer_of(optax, recipe):
  """Clipping and AdamW as the paper has them (4.5); the released code has no training loop."""
  moments = dict(b1=0.9, b2=0.95)
  rules = {
      "adamw": lambda: optax.adamw(1e-3, **moments, weight_decay=0.1),
      "adam": lambda: optax.adam(1e-3, **moments),
      "momentum": lambda: optax.sgd(1e-3, momentum=0.9),
      "sgd": lambda: optax.sgd(1e-3),
  }
  optimizer = optax.chain(optax.clip_by_global_norm(32.0), rules[recipe["optimizer"]]())
  steps = recipe["accumulate"]
  return optimizer if steps == 1 else optax.MultiSteps(optimizer, every_k_schedule=steps)


def compile_step(config):
  import haiku as hk
  import jax
  import numpy as np
  import optax
  import xarray

  modules = import_graphcast()
  graphcast, xarray_jax = modules["graphcast"], modules["xarray_jax"]
  model, recipe = config["model"], config["recipe"]
  checkpoint = recipe["checkpoint"]
  denoises = model["layout"] == "gencast"
  if denoises:
    import denoising

    task, network_of = denoising.network_of(hk, model, recipe)
  else:
    task = task_of(graphcast, model)
    # The resolution is only a description; the grid comes with the data.
    model_config = graphcast.ModelConfig(
        resolution=0, mesh_size=model["meshLevel"], latent_size=model["hiddenDim"], gnn_msg_steps=model["layers"],
        hidden_layers=model["mlpHiddenLayers"], radius_query_fraction_edge_length=model["radiusFraction"])
    network_of = lambda: graphcast.GraphCast(model_config, task)
  statistics = unit_statistics(xarray, np, graphcast, task)

  def predictor():
    network = network_of()
    recompute(hk, network._denoiser._predictor if denoises else network, checkpoint)
    network = modules["casting"].Bfloat16Cast(network, enabled=recipe["precision"] == "bf16")
    network = modules["normalization"].InputsAndResiduals(
        network, stddev_by_level=statistics, mean_by_level=statistics, diffs_stddev_by_level=statistics)
    if denoises:
      return modules["nan_cleaning"].NaNCleaner(
          predictor=network, reintroduce_nans=True, fill_value=statistics, var_to_clean="sea_surface_temperature")
    return modules["autoregressive"].Predictor(network, gradient_checkpointing=checkpoint["rollout"])

  @hk.transform
  def loss(inputs, targets, forcings):
    value = predictor().loss(inputs, targets, forcings)
    return modules["xarray_tree"].map_structure(
        lambda x: xarray_jax.unwrap_data(x.mean(), require_jax=True), value)

  @hk.transform
  def predict(inputs, template, forcings):
    return predictor()(inputs, targets_template=template, forcings=forcings)

  cards = recipe["gpus"] if recipe["parallel"] == "data" else 1
  data = lambda *rest: dataset(xarray, np, graphcast, task, model, cards * recipe["batchSize"], 12 if denoises else 6, *rest)
  steps = recipe["rolloutSteps"]
  inputs, targets, forcings = (
      data(task.input_variables, 2, -1), data(task.target_variables, steps, 1), data(task.forcing_variables, steps, 1))
  parameters = jax.eval_shape(lambda: loss.init(jax.random.PRNGKey(0), inputs, targets, forcings))
  # Noise is drawn in every call; GraphCast draws none.
  key = jax.random.PRNGKey(0) if denoises else None
  if recipe["mode"] == "inference":
    return compile_for(
        config["device"], lambda p, *rest: predict.apply(p, key, rest[0], targets, rest[1]), (), parameters, inputs, forcings)

  def loss_of(params, *rest):
    plain = lambda p, *r: loss.apply(p, key, *r)
    return (jax.checkpoint(plain) if checkpoint["model"] else plain)(params, *rest)

  def gradients_of(params, *rest):
    value, gradients = jax.value_and_grad(loss_of, has_aux=True)(params, *rest)
    if cards > 1:
      value, gradients = jax.lax.pmean((value, gradients), "card")
    return value, gradients

  datasets = (inputs, targets, forcings)
  if recipe["optimizer"] == "none":
    return compile_for(config["device"], gradients_of, (), parameters, *datasets, cards=cards, sharded=3)
  optimizer = optimizer_of(optax, recipe)
  state = jax.eval_shape(optimizer.init, parameters)

  def step(params, state, *rest):
    value, gradients = gradients_of(params, *rest)
    updates, state = optimizer.update(gradients, state, params)
    return optax.apply_updates(params, updates), state, value

  return compile_for(config["device"], step, (0, 1), parameters, state, *datasets, cards=cards, sharded=3)


def compile_for(device, function, donated, *arguments, cards=1, sharded=0):
  """The function compiled ahead of time for the described cards; of the arguments only trees, shapes and types are read.

  Of several cards each holds its part of the samples, the first dimension of every field but the static ones, in the last `sharded`
  arguments, and all of everything else.
  """
  import jax
  import numpy as np
  from jax.experimental import topologies

  shape = f"1x1x{cards}"
  topology = topologies.get_topology_desc(shape, platform="cuda", target_config=target_config(device), topology=shape)
  mesh = jax.sharding.Mesh(np.array(topology.devices[:cards]), ("card",))
  whole, part = jax.sharding.PartitionSpec(), jax.sharding.PartitionSpec("card")
  placed = lambda spec: jax.sharding.NamedSharding(mesh, spec)
  leaves, trees = zip(*map(jax.tree_util.tree_flatten, arguments))
  num_whole = len(arguments) - (sharded if cards > 1 else 0)
  samples = max(x.shape[0] for x in leaves[-1]) if num_whole < len(arguments) else 0
  specs = tuple(
      [part if i >= num_whole and x.shape[:1] == (samples,) else whole for x in argument]
      for i, argument in enumerate(leaves))

  def of_leaves(*lists):
    return function(*(jax.tree_util.tree_unflatten(tree, each) for tree, each in zip(trees, lists)))

  if cards > 1:
    of_leaves = on_each_card(of_leaves, mesh, specs, whole)
  shapes = [
      [jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=placed(spec)) for x, spec in zip(argument, of_argument)]
      for argument, of_argument in zip(leaves, specs)]
  jitted = jax.jit(of_leaves, donate_argnums=donated, out_shardings=placed(whole))
  return jitted.lower(*shapes).compile()


def on_each_card(function, mesh, in_specs, out_specs):
  """As pmap runs it: gradients meet where the function says so, and nowhere else."""
  import jax

  if hasattr(jax, "shard_map"):
    return jax.shard_map(function, mesh=mesh, in_specs=in_specs, out_specs=out_specs, check_vma=False)
  from jax.experimental.shard_map import shard_map

  return shard_map(function, mesh=mesh, in_specs=in_specs, out_specs=out_specs, check_rep=False)


def end_with_parent():
  """Linux ends this process with gc-plan's, also where that is killed: prctl(2), PR_SET_PDEATHSIG."""
  if sys.platform != "linux" or len(sys.argv) < 2:
    return
  pr_set_pdeathsig = 1
  ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)
  if os.getppid() != int(sys.argv[1]):
    sys.exit("gc-plan has ended")


def main():
  end_with_parent()
  config = json.load(sys.stdin)
  recipe = config["recipe"]
  packages = {
      "jax": "jax[cuda12]",
      "jax_plugins.xla_cuda12": "jax[cuda12]",
      "haiku": "dm-haiku",
      "optax": "optax",
      "xarray": "xarray",
      # The last commit that has the graphcast package; the repository has been renamed and rearranged since.
      "graphcast": "graphcast @ git+https://github.com/google-deepmind/graphcast@08cf736",
  }
  if config["model"]["layout"] not in ("jax", "gencast"):
    stop(4, unsupported="WeatherNext 2, whose code is another repository’s")
  missing = sorted({package for module, package in packages.items() if not find(module)})
  if missing:
    stop(3, missing=missing)
  if recipe["checkpoint"]["edges"]["kind"] != "none":
    stop(4, unsupported="edge blocks: they are not in the released code, and this probe does not add them")
  dump = set_environment(recipe)
  try:
    compiled = compile_step(config)
  except ValueError:
    # jaxlib 0.8 looks for the memories of a card, which a described one does not list, when XLA has compiled already.
    if dump is None or not glob.glob(buffer_assignment(dump.name)):
      raise
    compiled = None
  report(config["device"], compiled, dump)


def find(module):
  try:
    return importlib.util.find_spec(module) is not None
  except ImportError:
    return False


if __name__ == "__main__":
  main()
