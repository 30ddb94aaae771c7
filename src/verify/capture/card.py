"""A CUDA card that is not there: what PyTorch has to find so that it runs a step for one on fake tensors.

Needs torch (2.4 or newer, a CPU or a CUDA build) and a C++ compiler. `prepare` comes before `import torch`, `install` after it; in a fork of
a process that has torch, before its first CUDA call.
"""

import ctypes
import functools
import hashlib
import importlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import types

# The autograd engine has one thread per device that a device guard reports, and asks the CUDA hooks whether there is one. Both are
# registries: these entries do nothing but say "one card". The hooks must be there before torch asks for the first time.
SOURCE = r"""
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/version.h>
#define TORCH (TORCH_VERSION_MAJOR * 100 + TORCH_VERSION_MINOR)
using namespace c10;
struct CardHooks : public at::CUDAHooksInterface {
  CardHooks(at::CUDAHooksArgs) {}
#if TORCH >= 206
  void init() const override {}
#else
  void initCUDA() const override {}
#endif
  bool hasCUDA() const override { return true; }
  bool hasPrimaryContext(DeviceIndex) const override { return true; }
  DeviceIndex current_device() const override { return 0; }
  int getNumGPUs() const override { return 1; }
  std::string showConfig() const override { return ""; }
#if TORCH >= 207
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  DeviceIndex deviceCount() const override { return 1; }
  DeviceIndex getCurrentDevice() const override { return 0; }
#endif
};
namespace at {
using ::CardHooks;
static RegistererCUDAHooksRegistry card("CUDAHooks", c10::REGISTRY_PREFERRED, CUDAHooksRegistry(),
                                        RegistererCUDAHooksRegistry::DefaultCreator<CardHooks>);
}
struct Guard final : public impl::DeviceGuardImplInterface {
  static Device card() { return Device(DeviceType::CUDA, 0); }
  DeviceType type() const override { return DeviceType::CUDA; }
  Device exchangeDevice(Device) const override { return card(); }
  Device getDevice() const override { return card(); }
  void setDevice(Device) const override {}
  void uncheckedSetDevice(Device) const noexcept override {}
  Stream getStream(Device) const noexcept override { return Stream(Stream::DEFAULT, card()); }
  Stream exchangeStream(Stream) const noexcept override { return Stream(Stream::DEFAULT, card()); }
  Stream getDefaultStream(Device) const override { return Stream(Stream::DEFAULT, card()); }
  DeviceIndex deviceCount() const noexcept override { return 1; }
  void record(void**, const Stream&, const DeviceIndex, const EventFlag) const override {}
  void block(void*, const Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void destroyEvent(void*, const DeviceIndex) const noexcept override {}
  bool queryStream(const Stream&) const override { return true; }
  void synchronizeStream(const Stream&) const override {}
  void synchronizeEvent(void*) const override {}
  void recordDataPtrOnStream(const DataPtr&, const Stream&) const override {}
};
extern "C" void install_guard() { new impl::DeviceGuardImplRegistrar(DeviceType::CUDA, new Guard()); }
"""

# In a fork of a process that has used torch. It has asked for the hooks: the object that it holds, which has no fields, becomes one of ours.
# And it may have counted the cards for its engine, once and for all: the fork's engine is a new one, without a thread for ours.
IN_A_FORK = r"""
#include <torch/csrc/autograd/engine.h>
struct Counting : torch::autograd::Engine {
  static void again(torch::autograd::Engine& engine) {
    engine.initialize_device_threads_pool();
    if ((engine.*(&Counting::device_ready_queues_)).empty()) (engine.*(&Counting::start_device_threads))();
  }
};
extern "C" bool take_over() {
  new (const_cast<at::CUDAHooksInterface*>(&at::detail::getCUDAHooks())) CardHooks(at::CUDAHooksArgs());
  try {
    Counting::again(torch::autograd::Engine::get_default_engine());
    return true;
  } catch (...) {
    return false;
  }
}
"""

# They have a kernel for the card and a composite one; without the former they would come apart above the recorder.
WHOLE_ON_THE_CARD = ("silu_backward", "mish_backward", "_fused_rms_norm")


class NoCompiler(Exception):
  pass


class NotCompiled(Exception):
  pass


class NotForked(Exception):
  """The process that was forked has threads for cards of its own."""


def prepare(otherwise):
  """Compiles the stand-in once per torch build, and loads it; gives its handle to `install`. `otherwise`: a folder without a cache."""
  os.environ["CUDA_VISIBLE_DEVICES"] = ""
  os.environ["TORCHDYNAMO_DISABLE"] = "1"
  version = importlib.metadata.version("torch")
  root = os.path.dirname(importlib.util.find_spec("torch").origin)
  source = SOURCE + (IN_A_FORK if "torch" in sys.modules else "")
  key = hashlib.sha256(f"{source}{version}{root}".encode()).hexdigest()[:16]
  library = os.path.join(cache_folder(otherwise), f"card-{key}.so")
  if not os.path.exists(library):
    compile_to(library, source, root, tuple(int(part) for part in version.split(".")[:2]), version)
  return ctypes.CDLL(library)


def cache_folder(otherwise):
  """The user's own: what lies there is loaded."""
  home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
  folder = os.path.join(home, "gc-plan")
  try:
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if os.access(folder, os.W_OK) and os.stat(folder).st_uid == os.getuid():
      return folder
  except OSError:
    pass
  return otherwise


def compile_to(library, program, root, version, build):
  compiler = os.environ.get("CXX") or next(filter(None, map(shutil.which, ("g++", "clang++", "c++"))), None)
  if compiler is None:
    raise NoCompiler()
  standard = "c++20" if version >= (2, 10) else "c++17"
  old_abi = version < (2, 7) and "+cpu" not in build
  with tempfile.TemporaryDirectory(dir=os.path.dirname(library)) as folder:
    source, made = os.path.join(folder, "card.cpp"), os.path.join(folder, "card.so")
    with open(source, "w") as file:
      file.write(program)
    command = [*compiler.split(), f"-std={standard}", "-O0", "-shared", "-fPIC", f"-D_GLIBCXX_USE_CXX11_ABI={int(not old_abi)}"]
    command += [source, "-o", made, f"-I{root}/include", f"-I{root}/include/torch/csrc/api/include", f"-L{root}/lib"]
    command += ["-lc10", "-ltorch_cpu", f"-Wl,-rpath,{root}/lib"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
      raise NotCompiled(f"{compiler}: {done.stderr[-1500:]}")
    os.replace(made, library)


def install(library, use, note):
  """After `import torch`. `use(what)` is told of compiled functions, `note(sentence)` of what stands in for something."""
  import torch
  from torch._subclasses.fake_tensor import FakeTensorMode

  # The first one loads the compiler's table of functions, which must hold torch's own.
  FakeTensorMode()
  # A CUDA build has registered its own guard, which finds no card.
  library.install_guard()
  if hasattr(library, "take_over"):
    library.take_over.restype = ctypes.c_bool
    if not library.take_over():
      raise NotForked()
  # Kept for as long as the process lives: a library object takes its kernels with it.
  install.kernels = torch.library.Library("aten", "IMPL")
  for name in WHOLE_ON_THE_CARD:
    if hasattr(torch.ops.aten, name) and not torch._C._dispatch_has_kernel_for_dispatch_key(f"aten::{name}", "CUDA"):
      install.kernels.impl(name, never, "CUDA")
  stand_in_for_cuda(torch)
  # `module.to("cuda")` keeps the identity of its parameters, as on a card: an optimizer may hold them already.
  torch.__future__.set_swap_module_params_on_conversion(True)
  torch.utils.swap_tensors = swapped(torch)
  torch.nn.functional.scaled_dot_product_attention = attention(torch)
  one_process(torch, note)
  torch.compile = eager(torch, use)
  torch.nn.Module.compile = lambda self, *args, **kwargs: use(f"torch.compile of {type(self).__name__}")


def swapped(torch):
  """`torch.utils.swap_tensors` that does not mind the weak references that fake tensors keep of each other."""

  def swap_tensors(first, second):
    first.__class__, second.__class__ = second.__class__, first.__class__
    first.__dict__, second.__dict__ = second.__dict__, first.__dict__
    torch._C._swap_tensor_impl(first, second)

  return swap_tensors


def never(*args, **kwargs):
  raise RuntimeError("a kernel of the card was reached")


def stand_in_for_cuda(torch):
  cuda = torch.cuda
  nothing = lambda *args, **kwargs: None
  zero = lambda *args, **kwargs: 0
  answers = {
      "is_available": lambda: True,
      "is_initialized": lambda: True,
      "is_bf16_supported": lambda *args, **kwargs: True,
      "device_count": lambda: 1,
      "current_device": lambda: 0,
      # CUDA builds up to 2.10 ask the driver, which is not there.
      "is_current_stream_capturing": lambda: False,
      "get_device_name": lambda *args: "a card that is not there",
      "get_device_capability": lambda *args: (9, 0),
      "get_arch_list": lambda: ["sm_90"],
      "get_device_properties": lambda *args: types.SimpleNamespace(
          name="a card that is not there", major=9, minor=0, total_memory=80 << 30, multi_processor_count=132
      ),
      "mem_get_info": lambda *args: (80 << 30, 80 << 30),
      "memory_stats": lambda *args: {},
      "get_rng_state": lambda *args: torch.get_rng_state(),
      "get_rng_state_all": lambda: [torch.get_rng_state()],
      "current_stream": lambda *args: NoStream(),
      "default_stream": lambda *args: NoStream(),
      "Stream": NoStream,
      "Event": NoStream,
      "device": NoStream,
      "device_of": NoStream,
      "stream": NoStream,
  }
  for name in ("memory_allocated", "max_memory_allocated", "memory_reserved", "max_memory_reserved"):
    answers[name] = zero
  for name in (
      "init _lazy_init set_device synchronize empty_cache ipc_collect reset_peak_memory_stats manual_seed manual_seed_all seed "
      "seed_all set_rng_state set_rng_state_all set_per_process_memory_fraction reset_max_memory_allocated"
  ).split():
    answers[name] = nothing
  for name, answer in answers.items():
    setattr(cuda, name, answer)
  for name in ("range_push", "range_pop", "mark"):
    setattr(cuda.nvtx, name, nothing)
  import torch.cuda.amp.common

  torch.cuda.amp.common.amp_definitely_not_available = lambda: False
  import torch._subclasses.fake_tensor as fake_tensor

  fake_tensor.init_gpu_context = nothing
  # As on a card, where they are the default: the classes that foreach and fused kernels take are listed by name.
  for name in ("torch.utils._foreach_utils", "torch.optim.optimizer"):
    classes = getattr(importlib.import_module(name), "_foreach_supported_types", None)
    if isinstance(classes, list) and fake_tensor.FakeTensor not in classes:
      classes.append(fake_tensor.FakeTensor)


def one_process(torch, note):
  """Collectives among the processes of a job that is one: torch's own stand-in, which moves nothing."""
  distributed = torch.distributed
  if not distributed.is_available():
    return
  try:
    from torch.testing._internal.distributed import fake_pg
  except ImportError:
    return
  begin = distributed.init_process_group

  @functools.wraps(begin)
  def init_process_group(backend=None, *args, rank=-1, world_size=-1, **kwargs):
    note("torch.distributed runs as one process whose collectives move nothing; NCCL’s own buffers are not in the trace.")
    begin("fake", store=fake_pg.FakeStore(), rank=max(0, rank), world_size=max(1, world_size))

  distributed.init_process_group = init_process_group
  # It compares shapes by values, of which there are none.
  parallel = importlib.import_module("torch.nn.parallel.distributed")
  parallel._verify_param_shape_across_processes = lambda *args, **kwargs: None
  build = parallel.DistributedDataParallel.__init__

  @functools.wraps(build)
  def built(self, *args, **kwargs):
    build(self, *args, **kwargs)
    self.register_comm_hook(None, at_once)
    # It times kernels.
    self.logger = NoStream()

  def at_once(_, bucket):
    """The sum over the processes takes place in the bucket, and with one process it is the bucket."""
    future = torch.futures.Future()
    future.set_result(bucket.buffer())
    return future

  parallel.DistributedDataParallel.__init__ = built


class NoStream:
  """A stream, an event or the choice of a device: with one card and no kernels all of them change nothing."""

  def __init__(self, *args, **kwargs):
    pass

  def __enter__(self):
    return self

  def __exit__(self, *error):
    return False

  def __getattr__(self, name):
    if name.startswith("__"):
      raise AttributeError(name)
    return lambda *args, **kwargs: self


def eager(torch, use):
  """`torch.compile` that leaves the function as it is, and says so."""

  def compile(model=None, **options):
    if model is None:
      return lambda function: compile(function, **options)
    name = getattr(model, "__qualname__", type(model).__name__)
    if isinstance(model, torch.nn.Module):
      use(f"torch.compile of {name}")
      return model

    @functools.wraps(model)
    def called(*args, **kwargs):
      use(f"torch.compile of {name}")
      return model(*args, **kwargs)

    return called

  return compile


def attention(torch):
  """Which kernel `scaled_dot_product_attention` takes on a card of compute capability 8.0 or newer (ATen, sdp_utils.cpp)."""
  aten = torch.ops.aten
  at_once = torch.nn.functional.scaled_dot_product_attention
  half = (torch.float16, torch.bfloat16)

  def scaled_dot_product_attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False):
    if query.device.type != "cuda":
      return at_once(query, key, value, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa)
    if torch.is_autocast_enabled("cuda"):
      lower = torch.get_autocast_dtype("cuda")
      query, key, value = (t.to(lower) if t.dtype == torch.float32 else t for t in (query, key, value))
    if enable_gqa and key.shape[-3] != query.shape[-3]:
      key, value = (t.repeat_interleave(query.shape[-3] // t.shape[-3], -3) for t in (key, value))
    width = query.shape[-1]
    same = query.shape[-1] == key.shape[-1] == value.shape[-1] and query.dim() == 4
    if same and attn_mask is None and query.dtype in half and width <= 256:
      narrow = -width % 8
      padded = [torch.nn.functional.pad(t, (0, narrow)) if narrow else t for t in (query, key, value)]
      out = aten._scaled_dot_product_flash_attention(*padded, dropout_p, is_causal, scale=scale or width**-0.5)[0]
      return out[..., :width] if narrow else out
    aligned = 8 if query.dtype in half else 4
    if query.dim() == 4 and query.dtype in (*half, torch.float32) and width % aligned == 0 and value.shape[-1] % aligned == 0:
      bias = None if attn_mask is None else bias_of(attn_mask, query, key)
      kept = torch.is_grad_enabled() and any(t.requires_grad for t in (query, key, value))
      return aten._scaled_dot_product_efficient_attention(query, key, value, bias, kept, dropout_p, is_causal, scale=scale)[0]
    return aten._scaled_dot_product_attention_math(query, key, value, attn_mask, dropout_p, is_causal, scale=scale)[0]

  def bias_of(mask, query, key):
    if mask.dtype == torch.bool:
      zero, minus = (torch.scalar_tensor(number, dtype=query.dtype, device="cpu") for number in (0.0, float("-inf")))
      mask = torch.where(mask, zero, minus)
    length = mask.shape[-1]
    if length % 8:
      mask = torch.nn.functional.pad(mask, (0, 8 - length % 8))[..., :length]
    return mask.expand(query.shape[0], query.shape[1], query.shape[2], key.shape[2])

  return scaled_dot_product_attention
