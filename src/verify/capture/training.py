"""The training step, and the forecast, that gc-plan prices, around a code base's own model: `gc-plan verify --runtime pytorch`.

A room's step.py builds the model from a resolved configuration, {model, recipe, counts}, and calls `step_of`. Imports torch.
"""

import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types

import torch
from torch.utils.checkpoint import checkpoint


class NotBuilt(Exception):
  """The configuration is not something that the code base's own classes run: what, and why."""


AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}
OPTIMIZERS = {
    "adamw": lambda parameters, **how: torch.optim.AdamW(parameters, foreach=True, **how),
    "adamw-fused": lambda parameters, **how: torch.optim.AdamW(parameters, fused=True, **how),
    "adam": lambda parameters, **how: torch.optim.Adam(parameters, foreach=True, **how),
    "momentum": lambda parameters: torch.optim.SGD(parameters, lr=1e-3, momentum=0.9, foreach=True),
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=1e-3, foreach=True),
}
# Before the first update, as in NVIDIA's example (train_graphcast.py).
LARGEST_NORM = 32.0


def dtype_of(recipe):
  return torch.bfloat16 if recipe["precision"] == "bf16-full" else torch.float32


def refuse(recipe, **allowed):
  """Raises where an option of the recipe is none of those that a step is built for."""
  one_card = dict(gpus=[1], offload=["none"], optimizer=[*OPTIMIZERS, "none"])
  for option, values in {**one_card, **allowed}.items():
    if recipe[option] not in values:
      raise NotBuilt(f"{option} {recipe[option]!r}; it builds {', '.join(map(str, values))}")


def recomputed(function):
  """Recomputed in the backward pass, for a code base without an option for it."""
  return lambda *args, **kwargs: checkpoint(function, *args, use_reentrant=False, **kwargs)


def step_of(config, model, run, loss_of, inputs, targets, validation_batch=0):
  """
  A step to call. `run(x)`: one prediction; `loss_of(prediction, targets, number of the rollout step)`; `inputs` and `targets`: shapes.
  The model is on the card, in its type. `validation_batch`: samples of a pass without gradients after the update; 0: none.
  """
  recipe = config["recipe"]
  dtype = dtype_of(recipe)
  x = torch.empty(inputs, dtype=dtype, device="cuda")
  lower = AUTOCAST.get(recipe["precision"])
  autocast = lambda: torch.autocast("cuda", lower) if lower else contextlib.nullcontext()
  advance = recomputed(run) if recipe["checkpoint"]["rollout"] else run
  if recipe["mode"] == "inference":
    model.eval()

    @torch.no_grad()
    def forecast():
      state, predictions = x, []
      with autocast():
        for _ in range(recipe["rolloutSteps"]):
          state = run(state)
          predictions.append(state)

    return forecast
  batch_of = lambda samples: [torch.empty((samples, *rest), dtype=dtype, device="cuda") for _, *rest in (inputs, targets)]
  batch = [x, torch.empty(targets, dtype=dtype, device="cuda")]
  del x
  step = training_loop(recipe, model, autocast, lambda: total_loss(recipe, advance, loss_of, *batch))
  if validation_batch == 0:
    return step

  def step_and_validation():
    step()
    batch[:] = []
    with torch.no_grad(), autocast():
      total_loss(recipe, advance, loss_of, *batch_of(validation_batch))
    batch[:] = batch_of(inputs[0])

  return step_and_validation


def total_loss(recipe, advance, loss_of, x, y):
  total = 0
  for number in range(recipe["rolloutSteps"]):
    x = advance(x)
    loss = loss_of(x, y, number)
    total = loss if number == 0 else total + loss
  return total


def training_loop(recipe, model, autocast, forward):
  model.train()
  parameters = [each for each in model.parameters() if each.requires_grad]
  kind = recipe["optimizer"]
  amsgrad = {"amsgrad": True} if recipe["amsgrad"] else {}
  optimizer = None if kind == "none" else OPTIMIZERS[kind](parameters, **amsgrad)
  averages = [each.detach().clone() for each in parameters] if recipe["ema"] else []
  scaler = torch.amp.GradScaler("cuda", enabled=recipe["precision"] == "fp16")

  def step():
    model.zero_grad(set_to_none=recipe["setToNone"])
    for _ in range(min(2, recipe["accumulate"])):
      with autocast():
        loss = forward()
      scaler.scale(loss).backward()
      del loss
    if optimizer is None:
      return
    scaler.unscale_(optimizer)
    torch.nn.utils.clip_grad_norm_(parameters, LARGEST_NORM, foreach=True)
    scaler.step(optimizer)
    scaler.update()
    with torch.no_grad():
      if averages:
        torch._foreach_lerp_(averages, [each.detach() for each in parameters], 0.01)

  return step


def edges(senders, receivers, count):
  """Random node numbers [2, edges], sorted by receiver, with every node at some edge where there are enough of them."""
  found = torch.stack([torch.randperm(count) % senders, torch.arange(count) % receivers])
  return found[:, torch.argsort(found[1], stable=True)]


# Packages that are not installed


class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
  """Modules of packages that a code base imports and its network never calls; whatever is asked of them is an empty module."""

  def __init__(self, names):
    self.names = names

  def find_spec(self, name, path=None, target=None):
    if name.split(".")[0] in self.names:
      return importlib.machinery.ModuleSpec(name, self, is_package=True)

  def create_module(self, spec):
    module = types.ModuleType(spec.name)
    module.__path__ = []
    module.__getattr__ = self.anything
    return module

  @staticmethod
  def anything(name):
    if name.startswith("__"):
      raise AttributeError(name)
    return type(name, (torch.nn.Module,), {})

  def exec_module(self, module):
    pass


def installed(name):
  try:
    return importlib.util.find_spec(name) is not None
  except (ImportError, ValueError):
    return False


def stand_in_for(note, *names):
  """What of `names` is not there is stood in for, and said so. timm comes with torchvision, and asks for it."""
  missing = [name for name in names if not installed("torchvision" if name == "timm" else name)]
  if missing:
    sys.meta_path.insert(0, Absent(missing))
    note(f"{', '.join(missing)}: not installed whole, and never called by this network; empty modules stood in.")


def scatter(source, index, dim=-1, out=None, dim_size=None, reduce="sum"):
  """torch_scatter's sum: zeros, then `scatter_add_` with a view of the index."""
  view = [1] * source.dim()
  view[dim] = -1
  size = list(source.size())
  size[dim] = int(index.max()) + 1 if dim_size is None else dim_size
  zeros = torch.zeros(size, dtype=source.dtype, device=source.device)
  return zeros.scatter_add_(dim, index.view(view).expand_as(source), source)


def stand_in_for_scatter(note):
  """Whether torch_scatter is not there; its sum, the one function of it that these networks call, is then stood in for."""
  import torch_geometric.data  # Before the stand-in, which it would pick up.

  if installed("torch_scatter"):
    return False
  note("torch_scatter is not installed: its sum is zeros and scatter_add_, as its own code has it.")
  module_of("torch_scatter", scatter=scatter, scatter_sum=scatter)
  return True


def module_of(name, **contents):
  module = types.ModuleType(name)
  module.__spec__ = importlib.machinery.ModuleSpec(name, None)
  vars(module).update(contents)
  sys.modules[name] = module
