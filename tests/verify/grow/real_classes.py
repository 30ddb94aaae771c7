"""The code bases' own classes, before and after a checkpoint has grown: outputs and gradients, on a CPU.

  real_classes.py arrays CASES            CASES: JSON, [{model, flags, hiddenDim}]; → names and shapes of each state_dict
  real_classes.py compare CASES           the same with {plan, to}; → for each case the largest errors

Models are scripts/run-options.py's. Gradients are compared along a random direction u of the old parameters: the map M from old to new ones
is linear but for what is new, so g_old · u = g_new · (M u).
"""

import importlib.util
import json
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.join(here, "..", "..", "..")


def module(name, *path):
  spec = importlib.util.spec_from_file_location(name, os.path.join(root, *path))
  loaded = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(loaded)
  return loaded


def state_arrays(state):
  return [{"name": name, "shape": list(value.shape)} for name, value in state.items()]


def built(run_options, case, size):
  torch = run_options.torch
  torch.manual_seed(case["seed"])
  run_options.HIDDEN = size["hiddenDim"]
  model, inputs, run = run_options.BUILDERS[case["model"]]({**case["flags"], "layers": size["layers"]})
  return model, inputs, run


def randomised(torch, model, seed):
  """Norms and biases away from 1 and 0, as training leaves them."""
  generator = torch.Generator().manual_seed(seed)
  with torch.no_grad():
    for parameter in model.parameters():
      parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))


def applied(numpy, torch, grow, plan, state):
  """As grow.py writes it, from any state of the old shapes."""
  out = {}
  for index, array in enumerate(plan["arrays"]):
    source = None if array.get("from") is None else state[array["from"]["name"]]
    if array["how"] == "copied":
      out[array["name"]] = source
    else:
      values = grow.grown(numpy, array, None if source is None else source.double().numpy(), plan, index)
      out[array["name"]] = torch.from_numpy(values).to(torch.get_default_dtype())
  return out


def gradients(torch, model, loss):
  named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
  found = torch.autograd.grad(loss, [parameter for _, parameter in named], allow_unused=True)
  return {name: gradient for (name, _), gradient in zip(named, found) if gradient is not None}


def share_buffers(old, new):
  """Random edges and features of the stand-ins: the graph is the same."""
  of_old = dict(old.named_buffers())
  for name, buffer in new.named_buffers():
    if name in of_old and of_old[name].shape == buffer.shape:
      buffer.data.copy_(of_old[name])


def compared(run_options, grow, case):
  import numpy

  torch = run_options.torch
  old, inputs, run_old = built(run_options, case, case["from"])
  randomised(torch, old, case["seed"])
  new, _, run_new = built(run_options, case, case["to"])
  plan = case["plan"]
  state = old.state_dict()
  grown = applied(numpy, torch, grow, plan, state)
  new.load_state_dict(grown, strict=True)
  share_buffers(old, new)
  torch.manual_seed(case["seed"])
  x = inputs(torch.get_default_dtype())
  before, after = run_old(x), run_new(x)
  scale = before.abs().max()
  weights = torch.randn(before.shape)
  g_old = gradients(torch, old, (before * weights).sum())
  g_new = gradients(torch, new, (after * weights).sum())
  direction = {name: torch.randn(value.shape) if name in g_old else torch.zeros_like(value) for name, value in state.items()}
  zero = {name: torch.zeros_like(value) for name, value in state.items()}
  at_zero = applied(numpy, torch, grow, plan, zero)
  along = applied(numpy, torch, grow, plan, direction)
  expected = sum((g_old[name] * direction[name]).sum() for name in g_old)
  found = sum((g_new[name] * (along[name] - at_zero[name])).sum() for name in g_new if name in along)
  magnitude = sum((g_old[name] * direction[name]).abs().sum() for name in g_old)
  learns = sum(int(value.abs().sum() > 0) for value in g_new.values())
  return {
    "output": float((before - after).abs().max() / scale),
    "gradient": float((expected - found).abs() / magnitude),
    "learning": learns,
    "spread": float(before.std()),
  }


def main():
  command, cases = sys.argv[1], json.load(open(sys.argv[2]))
  sys.path.insert(0, root)
  run_options = module("run_options", "scripts", "run-options.py")
  run_options.install_stand_ins()
  stdout, sys.stdout = sys.stdout, sys.stderr
  if command == "arrays":
    answer = [state_arrays(built(run_options, case, case["from"])[0].state_dict()) for case in cases]
  else:
    grow = module("grow", "src", "verify", "grow", "grow.py")
    answer = [compared(run_options, grow, case) for case in cases]
  json.dump(answer, stdout)


main()
