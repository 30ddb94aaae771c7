"""Compiles the user's own jitted function ahead of time for a described card, without a GPU, and writes XLA's buffers as a gc-plan/trace@1 file.

  capture.py FILE FUNCTION TRACE ANSWER PARENT OPTIONS

The function returns (function, arguments) or (function, arguments, keyword arguments); arrays, or shapes and types alone
(jax.ShapeDtypeStruct). OPTIONS, a JSON file: `card`, and perhaps `batch`. Prints nothing: user code may. Writes TRACE and ANSWER as
../capture/capture.py does. Needs jax 0.4.38 or newer with the CUDA 12 plugin.
"""

import glob
import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "capture")]

import buffers
import changes
import probe
import trace_file as traces
import user_code
from user_code import Refused

# Whose version a trace says, where it is installed and the user's code has loaded it: module and distribution.
PACKAGES = {"jax": "jax", "jaxlib": "jaxlib", "flax": "flax", "haiku": "dm-haiku", "equinox": "equinox", "optax": "optax", "graphcast": "graphcast"}
NEEDED = {"jax": "jax[cuda12]", "jax_plugins.xla_cuda12": "jax[cuda12]"}


def main():
  file, function, trace_file, answer_file = sys.argv[1:5]
  with open(sys.argv[6]) as given:
    options = json.load(given)
  user_code.answer(answer_file, lambda: capture(file, function, trace_file, options))


def capture(file, function, trace_file, options):
  missing = sorted({package for module, package in NEEDED.items() if not probe.find(module)})
  if missing:
    raise Refused(
        "python-packages-missing",
        f"{sys.executable} has no {', '.join(missing)}.",
        [f"{sys.executable} -m pip install {' '.join(f'{chr(34)}{each}{chr(34)}' for each in missing)}", "--python PATH names another Python"],
    )
  with tempfile.TemporaryDirectory() as folder:
    prepare(folder)
    import arguments

    step, given, keywords = user_step(file, function, options)
    with Own(file):
      traced = step.trace(*given, **keywords)
      known = arguments.Arguments(traced)
      lowered = traced.lower()
    compiled = {kind: compiled_with(lowered, folder, kind, file) for kind in GEMMS}
  return written(compiled, known, {"file": file, "function": function, "trace_file": trace_file, "options": options})


# Which kernels multiply matrices: a card's own trials decide between them.
GEMMS = {"cublas": {}, "triton": {"xla_gpu_enable_triton_gemm": True}}


def prepare(folder):
  """Before jax is imported."""
  flags = probe.compiler_flags({"xlaGemm": "cublas"})
  os.environ["XLA_FLAGS"] = f"{flags} --xla_dump_to={folder} --xla_dump_hlo_as_text"
  os.environ["JAX_PLATFORMS"] = "cpu"
  # The plugin looks for CUDA's libraries, which only running needs; what is compiled is dumped, what is cached is not.
  os.environ["JAX_SKIP_CUDA_CONSTRAINTS_CHECK"] = "1"
  os.environ["JAX_ENABLE_COMPILATION_CACHE"] = "false"


class Own:
  """What the user's code raises, with its file and line."""

  def __init__(self, file):
    self.file = os.path.abspath(file)

  def __enter__(self):
    return self

  def __exit__(self, _kind, error, _traceback):
    if not isinstance(error, Exception) or isinstance(error, Refused):
      return
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if os.path.abspath(frame.filename) == self.file]
    frame = own[-1] if own else frames[-1]
    text = (str(error).strip().splitlines() or [""])[0]
    message = f"{os.path.basename(frame.filename)}:{frame.lineno}: {type(error).__name__}: {text}"[:400].rstrip(".")
    trail = "".join(traceback.format_list(own[-3:]))
    raise Refused("step-failed", f"{message}\n{trail}".rstrip(), ["call jax.eval_shape on the function with these arguments first"]) from error


def user_step(file, function, options):
  import jax

  with Own(file):
    make = user_code.function_of(file, function)
    made = make(**changes.arguments_of(make, options))
  if options.get("batch") is not None and not options["batched"]:
    raise Refused("not-changed", "--batch: the function does not take a batch.", ["def make_step(batch=1): …"])
  if not (isinstance(made, (tuple, list)) and len(made) in (2, 3) and callable(made[0]) and isinstance(made[1], (tuple, list))):
    raise Refused(
        "no-step",
        f"{function}() returned {type(made).__name__}.",
        ["return (step, arguments): a jitted function and a tuple of what it is called with, e.g. jax.ShapeDtypeStruct"],
    )
  step, given, keywords = (*made, {})[:3]
  if not hasattr(step, "trace"):
    step = jax.jit(step)
  place = placing(options["card"])
  return step, jax.tree_util.tree_map(place, tuple(given)), jax.tree_util.tree_map(place, dict(keywords))


def placing(card):
  """Arrays become shapes and types on the described card; what is no array stays as it is."""
  import jax
  import numpy as np
  from jax.experimental import topologies

  shape = "1x1x1"
  topology = topologies.get_topology_desc(shape, platform="cuda", target_config=probe.target_config(card), topology=shape)
  mesh = jax.sharding.Mesh(np.array(topology.devices[:1]), ("card",))
  on_card = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())

  def place(leaf):
    if not (hasattr(leaf, "shape") and hasattr(leaf, "dtype")):
      return leaf
    dtype = jax.dtypes.canonicalize_dtype(leaf.dtype) if isinstance(leaf.dtype, np.dtype) else leaf.dtype
    return jax.ShapeDtypeStruct(leaf.shape, dtype, sharding=on_card)

  return place


def compiled_with(lowered, folder, kind, file):
  """XLA's buffers; None where it does not compile with these kernels. @raises Refused where cuBLAS's are the ones"""
  names = f"{folder}/*gpu_after_optimizations-buffer-assignment.txt"
  before = set(glob.glob(names))
  options = GEMMS[kind]
  failed = analysis = None
  try:
    executable = lowered.compile(compiler_options=options) if options else lowered.compile()
    analysis = probe.analysis_of(executable.memory_analysis()) if probe.jaxlib_version() >= (0, 9) else None
  except Exception as error:
    # jaxlib 0.8 looks for the memories of a card, which a described one does not list, when XLA has compiled already.
    failed = error
  made = sorted(set(glob.glob(names)) - before)
  if not made:
    if options:
      return None
    if failed is None:
      raise Refused("not-compiled", "XLA wrote no buffers: the function is not compiled for a card.", ["leave jax.default_device and backend= out"])
    with Own(file):
      raise failed
  if len(made) > 1:
    raise Refused("not-compiled", f"The function is {len(made)} programs.", ["put one jax.jit around the whole step"])
  return buffers.read(made[0], analysis)


def written(compiled, known, about):
  main_program, other = compiled["cublas"], compiled["triton"]
  program = buffers.Program(main_program, known)
  notes = [
      "Compiled ahead of time with kernels that are not tuned: there is no device to time them on. The range covers matrix products by cuBLAS and by Triton.",
      known.sentence(),
      *program.notes,
  ]
  if other is None:
    notes.append("With Triton’s matrix products it did not compile: the range is that of cuBLAS’s.")
  arenas = [each.temporary_bytes for each in (main_program, other) if each is not None]
  head = {
      "schema": "gc-plan/trace@1",
      "framework": "jax",
      "source": f"{os.path.basename(about['file'])}:{about['function']}",
      "versions": versions(),
      "parameters": program.parameters(),
      "numBuffers": len(program.bytes),
      "numEvents": len(program.events),
      "lastStepFirstEvent": program.last_step_first_event,
      "compiled": {
          "card": about["options"]["card"]["name"],
          "argumentBytes": main_program.argument_bytes,
          "outputBytes": main_program.output_bytes,
          "aliasBytes": main_program.alias_bytes,
          "temporaryBytes": main_program.temporary_bytes,
          "constantBytes": main_program.constant_bytes,
          "temporaryRange": {"lowBytes": min(arenas), "highBytes": max(arenas)},
      },
      "unseen": [],
      "notes": [*notes, *([f"--batch {about['options']['batch']}: compiled with another batch than the code says."] if about["options"].get("batch") else [])],
  }
  if not program.bytes:
    raise Refused("nothing-on-the-card", f"{about['function']}: its step has no arrays.", ["give it arguments"])
  traces.write(about["trace_file"], program, head)
  return head


def versions():
  found = {name: importlib.metadata.version(name) for module, name in PACKAGES.items() if module in sys.modules}
  return {"python": platform.python_version(), **found}


if __name__ == "__main__":
  main()
