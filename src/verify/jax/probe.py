"""Compiles one training step of DeepMind's GraphCast for a described GPU, without a GPU, and prints what XLA reserves.

Reads the resolved configuration of gc-plan (JSON, {model, recipe, device}) from stdin, prints one JSON object. The arguments are
shapes only; nothing is executed. Needs jax with the CUDA 12 plugin (0.6 or later), dm-haiku, optax and the graphcast package.
Exit codes: 0 printed, 3 a package is missing (JSON with the key "missing"), 4 not something this probe compiles ("unsupported").
"""

import ctypes
import importlib
import importlib.metadata
import importlib.util
import json
import os
import signal
import sys

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
      'platform_name: "CUDA" dnn_version_info { major: 9 minor: 10 } runtime_version { major: 12 minor: 8 } '
      f'device_description_str: "{device["name"]}"'
  )


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
  """Before jax is imported."""
  os.environ["XLA_FLAGS"] = compiler_flags(recipe)
  os.environ["JAX_PLATFORMS"] = "cpu"


def report(device, compiled):
  analysis = compiled.memory_analysis()
  stop(
      0,
      version=f"jaxlib {importlib.metadata.version('jaxlib')}",
      device=device["name"],
      argumentBytes=analysis.argument_size_in_bytes,
      outputBytes=analysis.output_size_in_bytes,
      aliasBytes=analysis.alias_size_in_bytes,
      temporaryBytes=analysis.temp_size_in_bytes,
  )


def import_graphcast():
  names = ("graphcast", "casting", "normalization", "autoregressive", "xarray_jax", "xarray_tree")
  return {name: importlib.import_module(f"graphcast.{name}") for name in names}


def task_of(graphcast, model):
  levels = {83: 13, 227: 37}.get(model["outputChannels"])
  tasks = {(83, 186): "TASK_13", (83, 184): "TASK_13_PRECIP_OUT", (227, 474): "TASK"}
  name = tasks.get((model["outputChannels"], model["inputChannels"]))
  if levels is None or name is None:
    stop(4, unsupported="other variables than the released tasks'")
  return getattr(graphcast, name)


def dataset(xarray, np, graphcast, task, model, batch, variables, times, first_time):
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
      time=(np.arange(times) + first_time) * np.timedelta64(6, "h"),
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
    model._run_grid2mesh_gnn = lambda features: hk.remat(encoder)(features)
  if checkpoint["decoder"]:
    decoder = model._run_mesh2grid_gnn
    model._run_mesh2grid_gnn = lambda mesh, grid: hk.remat(decoder)(mesh, grid)
  if checkpoint["processor"]["kind"] == "every":
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
  task = task_of(graphcast, model)
  # The resolution is only a description; the grid comes with the data.
  model_config = graphcast.ModelConfig(
      resolution=0, mesh_size=model["meshLevel"], latent_size=model["hiddenDim"], gnn_msg_steps=model["layers"],
      hidden_layers=model["mlpHiddenLayers"], radius_query_fraction_edge_length=model["radiusFraction"])
  statistics = unit_statistics(xarray, np, graphcast, task)

  def predictor():
    network = graphcast.GraphCast(model_config, task)
    recompute(hk, network, checkpoint)
    network = modules["casting"].Bfloat16Cast(network, enabled=recipe["precision"] == "bf16")
    network = modules["normalization"].InputsAndResiduals(
        network, stddev_by_level=statistics, mean_by_level=statistics, diffs_stddev_by_level=statistics)
    return modules["autoregressive"].Predictor(network, gradient_checkpointing=checkpoint["rollout"])

  @hk.transform
  def loss(inputs, targets, forcings):
    value = predictor().loss(inputs, targets, forcings)
    return modules["xarray_tree"].map_structure(
        lambda x: xarray_jax.unwrap_data(x.mean(), require_jax=True), value)

  data = lambda *rest: dataset(xarray, np, graphcast, task, model, recipe["batchSize"], *rest)
  steps = recipe["rolloutSteps"]
  datasets = (data(task.input_variables, 2, -1), data(task.target_variables, steps, 1), data(task.forcing_variables, steps, 1))
  parameters = jax.eval_shape(lambda: loss.init(jax.random.PRNGKey(0), *datasets))
  optimizer = optax.chain(optax.clip_by_global_norm(32.0), optax.adamw(1e-3, b1=0.9, b2=0.95, weight_decay=0.1))
  state = jax.eval_shape(optimizer.init, parameters)

  def loss_of(params, *rest):
    plain = lambda p, *r: loss.apply(p, None, *r)
    return (jax.checkpoint(plain) if checkpoint["model"] else plain)(params, *rest)

  def step(params, state, *rest):
    value, gradients = jax.value_and_grad(loss_of, has_aux=True)(params, *rest)
    updates, state = optimizer.update(gradients, state, params)
    return optax.apply_updates(params, updates), state, value

  return compile_for(config["device"], step, (0, 1), parameters, state, *datasets)


def compile_for(device, function, donated, *arguments):
  """The function compiled ahead of time for the described card; of the arguments only trees, shapes and types are read."""
  import jax
  import numpy as np
  from jax.experimental import topologies

  topology = topologies.get_topology_desc("1x1x1", platform="cuda", target_config=target_config(device), topology="1x1x1")
  mesh = jax.sharding.Mesh(np.array([topology.devices[0]]), ("card",))
  placed = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
  shapes = lambda tree: jax.tree_util.tree_map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=placed), tree)
  jitted = jax.jit(function, donate_argnums=donated, in_shardings=placed, out_shardings=placed)
  return jitted.lower(*map(shapes, arguments)).compile()


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
  missing = sorted({package for module, package in packages.items() if not find(module)})
  if missing:
    stop(3, missing=missing)
  if recipe["checkpoint"]["edges"]["kind"] != "none":
    stop(4, unsupported="edge blocks: they are not in the released code, and this probe does not add them")
  if recipe["mode"] != "train" or recipe["optimizer"] != "adamw":
    stop(4, unsupported="anything but a training step with AdamW")
  set_environment(recipe)
  report(config["device"], compile_step(config))


def find(module):
  try:
    return importlib.util.find_spec(module) is not None
  except ImportError:
    return False


if __name__ == "__main__":
  main()
