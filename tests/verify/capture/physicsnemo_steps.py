"""PhysicsNeMo's own GraphCastNet with the loop of its example: the steps whose traces lie in tests/data/traces.

  gc-plan capture --python PYTHON physicsnemo_steps.py:plain --trace ../../data/traces/plain.trace.gz

Needs nvidia-physicsnemo 2.2 and torch-geometric. The network never calls torchvision, timm or torch_sparse, which its package imports,
and of torch_scatter one function: they are stood in for, so that the package's CPU installation is enough.
"""

import importlib.abc
import importlib.machinery
import sys
import types

import torch


class Unused(torch.nn.Module):
  pass


class UnusedPackages(importlib.abc.MetaPathFinder, importlib.abc.Loader):
  def find_spec(self, name, path=None, target=None):
    if name.split(".")[0] in ("torchvision", "timm"):
      return importlib.machinery.ModuleSpec(name, self, is_package=True)

  def create_module(self, spec):
    module = types.ModuleType(spec.name)
    module.__path__ = []
    module.__getattr__ = lambda name: Unused
    return module

  def exec_module(self, module):
    pass


def scatter(source, index, dim=-1, out=None, dim_size=None, reduce="sum"):
  """torch_scatter's sum: zeros, then `scatter_add_` with a view of the index."""
  view = [1] * source.dim()
  view[dim] = -1
  size = list(source.size())
  size[dim] = dim_size
  zeros = torch.zeros(size, dtype=source.dtype, device=source.device)
  return zeros.scatter_add_(dim, index.view(view).expand_as(source), source)


def stand_in(name, **contents):
  module = types.ModuleType(name)
  module.__spec__ = importlib.machinery.ModuleSpec(name, None)
  vars(module).update(contents)
  sys.modules[name] = module


sys.meta_path.insert(0, UnusedPackages())
import torch_geometric.data  # Before the stand-ins, which it would pick up.

stand_in("torch_scatter", scatter=scatter)
stand_in("torch_sparse", SparseTensor=None)
import physicsnemo.core.version_check as version_check

check = version_check.check_version_spec
version_check.check_version_spec = lambda name, *args, **kwargs: (
    name in ("torch_sparse", "torch_scatter") or check(name, *args, **kwargs)
)
import physicsnemo.models.graphcast.graph_cast_net as graph_cast_net
from physicsnemo.metrics.climate.graphcast_loss import GraphCastLossFunction


def step(grid, mesh, width, layers, channels, hidden=1, *, fused=True, amsgrad=False, set_to_none=True, ema=False, amp=False,
         trick=False, rollout=1, checkpoint=(False, 0, False), inference=0):  # fmt: skip
  """A function that builds the network and gives its step. `checkpoint`: encoder, segments of the processor, decoder."""

  def build():
    inputs, outputs = channels
    model = graph_cast_net.GraphCastNet(
        mesh_level=mesh, input_res=grid, input_dim_grid_nodes=inputs, output_dim_grid_nodes=outputs, processor_layers=layers,
        hidden_layers=hidden, hidden_dim=width, do_concat_trick=trick, recompute_activation=False,
    )  # fmt: skip
    encoder, segments, decoder = checkpoint
    model.set_checkpoint_encoder(encoder)
    model.set_checkpoint_decoder(decoder)
    if segments:
      model.set_checkpoint_processor(segments)
    model.to("cuda")
    area = torch.ones(grid, device="cuda")
    if inference:
      return forecast(model.eval(), torch.randn(1, inputs, *grid, device="cuda"), area)
    optimizer = torch.optim.AdamW(model.parameters(), amsgrad=amsgrad, **{"fused" if fused else "foreach": True})
    averages = [each.detach().clone() for each in model.parameters()] if ema else []
    loss_of = GraphCastLossFunction.__new__(GraphCastLossFunction)
    torch.nn.Module.__init__(loss_of)
    loss_of.area, loss_of.variable_weights = area, torch.ones(outputs)
    loss_of.time_diff_std = torch.ones(1, outputs, 1, 1)

    def forward(x, y):
      total = 0
      with torch.autocast("cuda", torch.bfloat16, enabled=amp):
        for ahead in range(rollout):
          x = model(x)
          total = total + loss_of(x, y[:, ahead])
      return total

    def train():
      x, y = torch.empty(1, inputs, *grid, device="cuda"), torch.empty(1, rollout, outputs, *grid, device="cuda")
      optimizer.zero_grad(set_to_none=set_to_none)
      loss = forward(x, y)
      loss.backward()
      torch.nn.utils.clip_grad_norm_(model.parameters(), 32.0, foreach=True)
      optimizer.step()
      with torch.no_grad():
        for average, each in zip(averages, model.parameters()):
          average.lerp_(each, 0.01)

    return train

  def forecast(model, x, area):
    @torch.no_grad()
    def infer():
      state, kept = x, [area]
      for _ in range(inference):
        state = model(state)
        kept.append(state)

    return infer

  return build


wide = dict(grid=(46, 90), mesh=3, width=1024, layers=4, channels=(20, 11))
# Cases 26 to 28 of the reference: the loop of the example, and what trainers add to it.
plain = step(**wide)
zeroed = step(**wide, set_to_none=False)
averaged = step(**wide, ema=True)
checkpointed = dict(grid=(32, 64), mesh=3, width=1024, layers=6, channels=(4, 3), fused=False, checkpoint=(True, 4, True))
segments = step(**checkpointed)
amsgrad = step(**checkpointed, amsgrad=True)
predictions = step(grid=(46, 90), mesh=3, width=64, layers=4, channels=(11, 11), inference=3)
# Drawn to differ in as many ways as a step has.
mixed = step(grid=(46, 90), mesh=3, width=96, layers=5, channels=(9, 5), amp=True)
tricked = step(grid=(32, 64), mesh=2, width=128, layers=7, channels=(30, 12), hidden=2, trick=True, fused=False)
ahead = step(grid=(32, 64), mesh=3, width=64, layers=4, channels=(6, 6), rollout=3, amp=True, checkpoint=(True, 2, False))
