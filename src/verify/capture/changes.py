"""What `gc-plan capture` changes of a step before it records it: modules that are recomputed, another batch, autocast."""

import functools
import inspect
import re


class NotChanged(Exception):
  """The step leaves no place for a change: (message, next steps)."""


AUTOCAST = {"bf16": "bfloat16", "fp16": "float16"}


def arguments_of(function, options):
  """The batch, for a function that takes one."""
  if options.get("batch") is None:
    return {}
  names = inspect.signature(function).parameters
  name = next((each for each in ("batch", "batch_size") if each in names), None)
  options["batched"] = name is not None
  return {} if name is None else {name: options["batch"]}


def batched(made, options, torch):
  """(model, optimizer, batch, loss) with as many rows as are asked for in every tensor that has the first one's."""
  model, optimizer, batch, loss = made
  wanted = options.get("batch")
  if wanted is None:
    return made
  tensors = [each for each in torch.utils._pytree.tree_flatten(batch)[0] if isinstance(each, torch.Tensor) and each.dim() > 0]
  if not tensors:
    raise NotChanged("--batch: there is no tensor in its batch.", ["return (model, optimizer, batch, loss)"])
  rows = tensors[0].shape[0]

  def change(each):
    if not isinstance(each, torch.Tensor) or each.dim() == 0 or each.shape[0] != rows:
      return each
    return each[torch.arange(wanted) % rows]

  options["batched"] = True
  return model, optimizer, torch.utils._pytree.tree_map(change, batch), loss


def apply(modules, options, note, torch):
  """Wraps modules that are there. Says what was changed."""
  if options.get("batch") is not None and not options.get("batched"):
    raise NotChanged(
        "--batch: the function neither takes a batch nor returns one.",
        ["def make_step(batch=1): …", "return (model, optimizer, batch, loss)"],
    )
  names = named(modules)
  for pattern in options.get("checkpoint") or ():
    found = matching(names, pattern)
    for module in found:
      module.forward = recomputed(module.forward, torch)
    note(f"--checkpoint {pattern}: {len(found)} modules are recomputed (torch.utils.checkpoint, use_reentrant=False).")
  if options.get("autocast") is not None:
    for root in roots(modules):
      root.forward = under_autocast(root.forward, options["autocast"], torch)
    note(f"--autocast {options['autocast']}: around the outermost module; a loss outside of it keeps its type.")
  if options.get("batch") is not None:
    note(f"--batch {options['batch']}: captured with another batch than the code says.")


def roots(modules):
  """Those that are in no other, in the order in which they were made."""
  inner = {id(child) for module in modules for child in module.children()}
  return [module for module in modules if id(module) not in inner and next(module.parameters(), None) is not None]


def named(modules):
  """(path, module), as `named_modules` of its outermost module has it. A copy of a network (an average of its weights) has the same paths."""
  return [(name or type(root).__name__, module) for root in roots(modules) for name, module in root.named_modules()]


def matching(names, pattern):
  """`*` stands for one part of a path."""
  expression = re.compile(r"[^.]+".join(map(re.escape, pattern.split("*"))))
  found = [module for name, module in names if expression.fullmatch(name)]
  if not found:
    there = ", ".join(list(dict(names))[:12])
    raise NotChanged(f"--checkpoint {pattern}: no module has such a path.", [f"there are {there}"])
  return found


def recomputed(forward, torch):
  @functools.wraps(forward)
  def run(*args, **kwargs):
    if not torch.is_grad_enabled():
      return forward(*args, **kwargs)
    return torch.utils.checkpoint.checkpoint(forward, *args, use_reentrant=False, **kwargs)

  return run


def under_autocast(forward, kind, torch):
  lower = AUTOCAST.get(kind)
  how = {"enabled": False} if lower is None else {"dtype": getattr(torch, lower)}

  @functools.wraps(forward)
  def run(*args, **kwargs):
    with torch.autocast("cuda", **how):
      return forward(*args, **kwargs)

  return run
