"""Records every storage of the card that a step makes: its bytes, who made it, and when it goes.

`torch` must be imported, and `card.install` have run. Tensors of the host stay real: graphs are built as they are anywhere. What goes to
the card becomes a fake tensor (`FakeTensorMode`): shapes and lifetimes without memory.
"""

import bisect
import os
import sys
import threading
import weakref

import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map
from torch.utils.flop_counter import flop_registry

aten = torch.ops.aten
functorch = torch._C._functorch
# Whole numbers on the card keep their values on the host up to this many: indices decide shapes.
MOST_VALUES = 1 << 24
# Gradients of indexing (FunctionsManual.cpp) are written into fresh zeros, but into a copy of them where a tensor is of a subclass.
WITHOUT_SUBCLASSES = {
    aten.index_put.default: aten.index_put_.default,
    aten.index_add.default: aten.index_add_.default,
    aten.scatter_add.default: aten.scatter_add_.default,
}
TORCH = os.path.dirname(torch.__file__) + os.sep
HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Recorder(TorchDispatchMode):
  """`like_the_card=False`: as any dispatch mode sees the step, without what the card does otherwise (for comparisons with one)."""

  def __init__(self, like_the_card=True):
    super().__init__()
    self.fake = FakeTensorMode(allow_non_fake_inputs=True)
    self.like_the_card = like_the_card
    self.alone = counts_of_a_lone_gradient() if like_the_card else None
    # Positive: buffer − 1 is made; negative: −buffer − 1 goes.
    self.events, self.marks = [], []
    self.bytes, self.dtypes, self.shapes, self.operations, self.modules, self.phases, self.categories = ([] for _ in range(7))
    self.alive = {}
    self.live_bytes = self.peak_bytes = 0
    self.step_first_buffer = 0
    self.phase, self.recompute = "setup", False
    self.mark("setup")
    self.path = Path()
    self.reads = {}
    # Of forward passes: what torch's own counter says of products, convolutions and attention; and which module call made what.
    self.flops = 0
    self.calls = []
    # What autograd keeps: [buffer, and before which event it is needed, used and let go]; before which event nothing else held a buffer.
    self.saves, self.releases = [], []
    # Of buffers that something else may hold too: [storage, how often autograd keeps it]; of saves that are in use: (storage, its count before).
    self.kept, self.in_use = {}, {}
    self.last_save_event = 0
    self.own_count = self.counts_without_holders()

  # The storages

  def new(self, num_bytes, operation, shape, dtype):
    buffer = len(self.bytes)
    self.release()
    self.enter_recompute()
    node = torch._C._current_autograd_node() if in_backward() else None
    self.bytes.append(num_bytes)
    self.dtypes.append(str(dtype).removeprefix("torch."))
    self.shapes.append(tuple(shape))
    self.operations.append(f"{node.name()}: {operation}" if node is not None else operation)
    self.modules.append(self.path.of(node))
    self.phases.append(self.phase)
    # What a checkpoint replays is kept for the backward pass as what it replaces was.
    self.categories.append("activation" if self.recompute else "temporary")
    self.events.append(buffer + 1)
    self.live_bytes += num_bytes
    self.peak_bytes = max(self.peak_bytes, self.live_bytes)
    return buffer

  def gone(self, buffer, key=None, _reference=None):
    if key is not None and self.alive.get(key, (None, -1))[1] == buffer:
      del self.alive[key]
    self.kept.pop(buffer, None)
    self.events.append(-buffer - 1)
    self.live_bytes -= self.bytes[buffer]

  def note(self, tensor, operation):
    if tensor.device.type != "cuda":
      return
    storage = tensor.untyped_storage()
    key = storage._cdata
    known = self.alive.get(key)
    num_bytes = storage.nbytes()
    if num_bytes == 0 or (known is not None and known[0]() is not None):
      return
    buffer = self.new(num_bytes, operation, tensor.shape, tensor.dtype)
    self.alive[key] = (weakref.ref(storage, lambda ref: self.gone(buffer, key, ref)), buffer)

  def buffer_of(self, tensor):
    if not isinstance(tensor, torch.Tensor):
      return None
    # Inside `torch.func` a tensor is wrapped.
    while functorch.is_functorch_wrapped_tensor(tensor):
      tensor = functorch.get_unwrapped(tensor)
    found = self.alive.get(tensor.untyped_storage()._cdata)
    return None if found is None else found[1]

  def categorize(self, tensors, category, only=None):
    for tensor in tensors:
      buffer = self.buffer_of(tensor)
      if buffer is not None and (only is None or self.categories[buffer] == only):
        self.categories[buffer] = category

  # What autograd keeps

  def counts_without_holders(self):
    """How often a storage is counted beside the tensors that share it: the object that tells when it goes is one."""
    with self.fake:
      tensor = torch.empty(1, device="cuda")
    storage = tensor.untyped_storage()
    reference, key = weakref.ref(storage, lambda _: None), storage._cdata
    del storage
    return torch._C._storage_Use_Count(key) - 1 if reference() is not None else 0

  def save(self, tensor):
    """The hook that autograd calls with a tensor that it is about to keep; what this returns is kept in its place."""
    if self.phase != "forward" or in_backward():
      return tensor
    self.last_save_event = len(self.events)
    buffer = self.buffer_of(tensor)
    if buffer is None:
      return tensor
    # What was there before the step stays.
    if buffer >= self.step_first_buffer:
      self.kept.setdefault(buffer, [tensor.untyped_storage()._cdata, 0])[1] += 1
    self.saves.append([buffer, None, None, None])
    # `detach` would be a view, which holds on to what it is a view of.
    return Saved(self, len(self.saves) - 1, tensor.data)

  def needed(self, saved):
    """The hook that autograd calls with what `save` returned, when a backward pass comes to it."""
    if not isinstance(saved, Saved):
      return saved
    save = self.saves[saved.index]
    if save[1] is None:
      save[1] = len(self.events)
      key = saved.tensor.untyped_storage()._cdata
      self.in_use[saved.index] = key, torch._C._storage_Use_Count(key)
    tensor = saved.tensor.data
    if known_value(saved.tensor) is not None:
      tensor.known_value = saved.tensor.known_value
    return tensor

  def let_go(self, index):
    save = self.saves[index]
    save[3] = len(self.events)
    self.in_use.pop(index, None)
    if save[2] is None:
      save[2] = save[3]
    if save[0] in self.kept:
      self.kept[save[0]][1] -= 1

  def release(self):
    """Of the arrays that autograd keeps, those that nothing else holds any more, and those that a backward operation has used."""
    for buffer, (key, num_saves) in list(self.kept.items()):
      if torch._C._storage_Use_Count(key) == num_saves + self.own_count:
        self.releases.append([buffer, len(self.events)])
        del self.kept[buffer]
    for index, (key, count) in list(self.in_use.items()):
      if torch._C._storage_Use_Count(key) <= count:
        self.saves[index][2] = len(self.events)
        del self.in_use[index]

  # The phases

  def mark(self, phase, recompute=False):
    self.phase, self.recompute = phase, recompute
    mark = {"phase": phase, "firstEvent": len(self.events), **({"recompute": True} if recompute else {})}
    if self.marks and self.marks[-1]["firstEvent"] == mark["firstEvent"]:
      self.marks.pop()
    if not self.marks or {**self.marks[-1], "firstEvent": 0} != {**mark, "firstEvent": 0}:
      self.marks.append(mark)

  def enter_recompute(self):
    if self.phase == "backward":
      recompute = in_backward() and torch.is_grad_enabled() and not self.path.higher_order
      if recompute != self.recompute:
        self.mark("backward", recompute)

  def begin_step(self):
    self.step_first_buffer = len(self.bytes)
    self.mark("forward")

  def begin_backward(self):
    """What the forward pass made and left alive is what the backward pass needs."""
    self.release()
    self.kept.clear()
    for _, buffer in self.alive.values():
      if buffer >= self.step_first_buffer and self.phases[buffer] == "forward" and self.categories[buffer] == "temporary":
        self.categories[buffer] = "activation"
    self.mark("backward")

  # The modules

  def begin_call(self, inputs):
    """→ what `end_call` is given"""
    return self.phase, len(self.events), self.flops, self.buffers_of(inputs), len(self.saves)

  def end_call(self, module, begun, outputs):
    """A call of a module in a forward pass: events, FLOPs, the arrays that it is given and those that it hands out."""
    phase, first, flops, inputs, first_save = begun
    if phase == self.phase == "forward" and not in_backward():
      saved = first_save, len(self.saves), self.last_save_event
      self.calls.append((module, first, len(self.events), self.flops - flops, inputs, self.buffers_of(outputs), *saved))

  def buffers_of(self, tree):
    return sorted({buffer for buffer in map(self.buffer_of, tree_flatten(tree)[0]) if buffer is not None})

  # The operations

  def __torch_dispatch__(self, function, types_, args=(), kwargs=None):
    kwargs = kwargs or {}
    if function is torch.ops.prim.device.default:
      return function(*args, **kwargs)
    leaves = tree_flatten((args, kwargs))[0]
    if not any(isinstance(leaf, FakeTensor) or is_card(leaf) for leaf in leaves):
      return function(*args, **kwargs)
    if function is aten._local_scalar_dense.default:
      return self.read(args[0])
    name = operation_name(function)
    if self.like_the_card and in_backward():
      summed = self.summed_in_place(function, args)
      if summed is not None:
        return summed
      if not torch.is_grad_enabled():
        function = WITHOUT_SUBCLASSES.get(function, function)
    args = self.without_masks(function, args)
    scratch = [self.new(*each) for each in scratch_of(function, args, kwargs)] if self.like_the_card else []
    given = args, kwargs
    values = self.values(function, args, kwargs) if function in DECIDED_BY_VALUES else None
    with self.fake:
      if values is not None:
        out = tree_map(lambda value: on_the_card(self.as_fake(value)), values)
      else:
        args, kwargs = tree_map(self.as_fake, (args, kwargs))
        out = function(*args, **kwargs)
    for buffer in scratch:
      self.gone(buffer)
    outputs = [each for each in tree_flatten(out)[0] if isinstance(each, torch.Tensor)]
    for tensor in outputs:
      self.note(tensor, name)
    if values is None and outputs and all(map(is_index, outputs)):
      values = self.values(function, *given)
    self.keep_values(outputs, values)
    if not in_backward() and function._overloadpacket in flop_registry:
      self.flops += flop_registry[function._overloadpacket](*given[0], **given[1], out_val=out)
    if function is aten._to_copy.default and args[0].device.type == "cpu":
      self.categorize(outputs, "input", only="temporary")
    return out

  def as_fake(self, leaf):
    """A tensor of the host as an argument of an operation on the card: its shape alone. Inside `self.fake`."""
    if not isinstance(leaf, torch.Tensor) or isinstance(leaf, FakeTensor):
      return leaf
    return torch.empty_strided(leaf.size(), leaf.stride(), dtype=leaf.dtype, device="cpu")

  def summed_in_place(self, function, args):
    """A dispatch mode makes the engine sum gradients out of place; without one it sums into a gradient that nobody else holds."""
    if function is not aten.add.Tensor or torch.is_grad_enabled() or not isinstance(args[1], torch.Tensor):
      return None
    a, b = args[:2]
    counts = (a._use_count(), torch._C._storage_Use_Count(a.untyped_storage()._cdata))
    if a.shape != b.shape or a.dtype != b.dtype or counts != self.alone or not aten.is_non_overlapping_and_dense.default(a):
      return None
    with self.fake:
      aten.add_.Tensor(a, b)
    return a

  def without_masks(self, function, args):
    """A mask becomes the positions of its ones, as on the card; they are known where the mask's values are."""
    if function not in (aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._index_put_impl_.default):
      return args
    if not any(index is not None and index.dtype in (torch.bool, torch.uint8) and known_value(index) is not None for index in args[1]):
      return args
    indices = []
    for index in args[1]:
      value = None if index is None else known_value(index)
      if value is None or index.dtype not in (torch.bool, torch.uint8):
        indices.append(index)
        continue
      for positions in value.nonzero(as_tuple=True):
        with self.fake:
          made = on_the_card(self.as_fake(positions))
        self.note(made, "nonzero")
        made.known_value = positions
        indices.append(made)
    return (args[0], indices, *args[2:])

  # The values of whole numbers

  def keep_values(self, outputs, known):
    values = [None] * len(outputs) if known is None else tree_flatten(known)[0]
    for tensor, value in zip(outputs, values):
      if value is not None:
        tensor.known_value = value
      elif known_value(tensor) is not None:
        # Written over with what is not known: so are all views of it.
        storage = tensor.known_value.untyped_storage()
        STALE[storage._cdata] = storage

  def values(self, function, args, kwargs):
    """Of indices, sizes and masks: the result on the host, where all that it comes from is known there. None: not known."""
    # A checkpoint's replay is a forward pass.
    if in_backward() and not torch.is_grad_enabled():
      return None
    try:
      args, kwargs = tree_map(host_value, (args, kwargs))
      return function(*args, **kwargs)
    except Exception:  # Not known, or no such kernel on the host.
      return None

  def read(self, tensor):
    """A number read off the card, of which only the type is known: the loss for a log, or a check for NaN."""
    value = known_value(tensor)
    if value is not None:
      return value.item()
    where, in_scaler = caller()
    if in_scaler:
      return 0.0
    kind = "bool" if tensor.dtype == torch.bool else "float" if tensor.dtype.is_floating_point else "int"
    taken = {"bool": False, "float": 1.0, "int": 1}[kind]
    self.reads.setdefault(where, (kind, taken))
    return taken


class Saved:
  """What autograd keeps of an array: a tensor of the same storage."""

  def __init__(self, recorder, index, tensor):
    self.recorder, self.index, self.tensor = recorder, index, tensor

  def __del__(self):
    self.recorder.let_go(self.index)


class Path:
  """Which module runs: of a forward operation by the calls that are open, of a backward one by when its node was made."""

  def __init__(self):
    self.open = []
    self.names = {}
    self.num_roots = 0
    # Per thread, because autograd numbers nodes per thread: (first number, path).
    self.made = {}
    self.backward_threads = []
    self.higher_order = False

  def here(self):
    return self.open[-1][1] if self.open else ""

  def name(self, module):
    """As `named_modules` of the outermost module has it. One that has several parents is named after the one that runs."""
    parent, path = self.open[-1] if self.open else (None, "")
    known = self.names.get(id(module))
    if known is not None and (parent is None or known.startswith(f"{path}.") or path not in known and self.is_root(parent)):
      return known
    key = (id(parent), id(module))
    if key not in self.names:
      if parent is None:
        self.name_root(module)
        return self.names[id(module)]
      inside = next((name for name, each in parent.named_modules() if each is module), type(module).__name__)
      self.names[key] = f"{path}.{inside}"
      self.names.setdefault(id(module), self.names[key])
    return self.names[key]

  def is_root(self, module):
    return self.names.get(id(module)) == type(module).__name__

  def name_root(self, root):
    prefix = "" if self.num_roots == 0 else f"{type(root).__name__}."
    self.num_roots += 1
    for name, each in root.named_modules():
      self.names.setdefault(id(each), prefix + name if name else type(root).__name__)

  def enter(self, module, name):
    self.open.append((module, name))
    self.changed()

  def leave(self, module, *_args):
    while self.open and self.open.pop()[0] is not module:
      pass
    self.changed()

  def changed(self):
    self.made.setdefault(threading.get_ident(), []).append((torch._C._autograd._get_sequence_nr(), self.here()))

  def of(self, node):
    if node is None or torch.is_grad_enabled():
      return self.here()
    rows = self.made.get(self.backward_threads[-1], [])
    at = bisect.bisect_right(rows, node._sequence_nr(), key=lambda row: row[0])
    return rows[at - 1][1] if at > 0 else ""


def operation_name(function):
  """Without the overload; `aten` goes without saying."""
  return str(function.overloadpacket).removeprefix("aten.")


def in_backward():
  return torch._C._current_graph_task_id() != -1


def is_card(leaf):
  return isinstance(leaf, torch.device) and leaf.type == "cuda"


def on_the_card(value):
  return aten._to_copy.default(value, device=torch.device("cuda", 0))


# Values on the host that are those of the card no longer; kept, so that nothing else takes their address.
STALE = {}


def known_value(tensor):
  if not isinstance(tensor, FakeTensor):
    return tensor
  value = getattr(tensor, "known_value", None)
  return None if value is None or value.untyped_storage()._cdata in STALE else value


def host_value(leaf):
  """An argument as the host has it. Raises where its value is not known, or is no whole number."""
  if is_card(leaf):
    return torch.device("cpu")
  if not isinstance(leaf, torch.Tensor):
    return leaf
  value = known_value(leaf)
  if value is None or not is_index(value):
    raise LookupError()
  return value


def is_index(tensor):
  return not tensor.is_floating_point() and not tensor.is_complex() and tensor.numel() <= MOST_VALUES


def decided_by_values():
  """Operations whose result's shape depends on numbers: fake tensors refuse them."""
  names = ("nonzero", "unique_dim", "_unique2", "unique_consecutive", "masked_select", "repeat_interleave.Tensor", "bincount")
  found = set()
  for name in names:
    packet, _, overload = name.partition(".")
    if hasattr(aten, packet):
      found.add(getattr(getattr(aten, packet), overload or "default"))
  return found


DECIDED_BY_VALUES = decided_by_values()


def scratch_of(function, args, kwargs):
  """Arrays that a kernel makes and drops: (bytes, operation, shape, dtype). Fake tensors have no kernels."""
  if function in (aten.index_put_.default, aten._index_put_impl_.default):
    accumulate = args[3] if len(args) > 3 else kwargs.get("accumulate", False)
    indices = [index for index in args[1] if index is not None]
    if accumulate and indices and args[0].device.type == "cuda":
      # ATen's Indexing.cu sorts: linear index, sorted, original positions, range, and cub's own.
      num = indices[0].numel()
      for part in ("linear index", "sorted", "positions", "range"):
        yield (8 * num, f"index_put: {part}", (num,), torch.int64)
      yield (16 * num, "index_put: cub", (16 * num,), torch.uint8)
      if not args[2].is_contiguous():
        yield (args[2].numel() * args[2].element_size(), "index_put: contiguous", args[2].shape, args[2].dtype)
  if function is aten._scaled_dot_product_flash_attention_backward.default:
    batch, heads, length, width = args[1].shape
    up = lambda number, unit: -(-number // unit) * unit
    rows = batch * heads * up(length, 128)
    yield (4 * rows, "flash attention: row sums", (rows,), torch.float32)
    wide = up(width, 32 if width <= 128 else 64)
    yield (4 * rows * wide, "flash attention: query gradient", (rows, wide), torch.float32)


def counts_of_a_lone_gradient():
  """How often a gradient that only the engine holds is counted, seen from a dispatch mode."""
  seen = []

  class Look(TorchDispatchMode):
    def __torch_dispatch__(self, function, types_, args=(), kwargs=None):
      if function is aten.add.Tensor and in_backward():
        seen.append((args[0]._use_count(), torch._C._storage_Use_Count(args[0].untyped_storage()._cdata)))
      return function(*args, **(kwargs or {}))

  with Look():
    x = torch.ones(4, requires_grad=True) * 1
    (x * 2.0 + x * 3.0).sum().backward()
  return seen[0]


def caller():
  """File and line of the code that is neither torch's nor ours, and whether a gradient scaler asks."""
  frame, in_scaler = sys._getframe(1), False
  while frame is not None:
    file = frame.f_code.co_filename
    in_scaler = in_scaler or file.endswith("grad_scaler.py")
    if not file.startswith(TORCH) and not file.startswith(HERE) and not file.startswith("<"):
      return f"{os.path.basename(file)}:{frame.f_lineno}", in_scaler
    frame = frame.f_back
  return "?", in_scaler
