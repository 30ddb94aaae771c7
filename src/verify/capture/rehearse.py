"""One real step of the user's on the CPU, with whatever it sends to a card kept there: kernels refuse what fake tensors let pass."""

import os
import traceback

# What a kernel says of types or sizes that do not go together.
REFUSALS = ("same dtype", "expected scalar type", "to have the same dtype", "must match the size", "shapes cannot be multiplied", "expected m1 and m2")


def rehearse(user_step, file, function, options):
  import torch

  keep_on_the_host(torch)
  try:
    with HostOnly(torch).mode():
      user_step(file, function, {**options, "rehearse": None}, lambda sentence: None)()
  except Exception as error:
    text = str(error).strip().splitlines() or [""]
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if os.path.abspath(frame.filename) == os.path.abspath(file)]
    where = f"{os.path.basename(own[-1].filename)}:{own[-1].lineno}: " if own else ""
    if any(each in str(error) for each in REFUSALS):
      message = f"{where}{type(error).__name__}: {text[0]} (one step on the CPU)."[:300]
      return {"refused": {"code": "step-failed", "message": message, "nextSteps": ["give both the same type", "--no-rehearsal captures it all the same"]}}
    return {"note": f"One step on the CPU ended with {type(error).__name__}: {text[0]}"[:240].rstrip(".") + "."}
  return {"note": "One step ran on the CPU with real numbers: no kernel refused its types and shapes."}


class HostOnly:
  """Devices named cuda become the host's."""

  def __init__(self, torch):
    self.torch = torch

  def host(self, value):
    torch = self.torch
    if isinstance(value, str) and value.split(":")[0] == "cuda" or isinstance(value, torch.device) and value.type == "cuda":
      return torch.device("cpu")
    return value

  def mode(self):
    host, torch = self.host, self.torch

    class OnTheHost(torch.overrides.TorchFunctionMode):
      def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = {name: host(value) for name, value in (kwargs or {}).items()}
        return function(*map(host, args), **kwargs)

    return OnTheHost()


def keep_on_the_host(torch):
  stay = lambda self, *args, **kwargs: self
  torch.Tensor.cuda = stay
  torch.nn.Module.cuda = stay
  move = torch.nn.Module.to

  def to(self, *args, **kwargs):
    host = HostOnly(torch).host
    return move(self, *map(host, args), **{name: host(value) for name, value in kwargs.items()})

  torch.nn.Module.to = to
  begin = torch.autocast.__init__

  def autocast(self, device_type, *args, **kwargs):
    begin(self, "cpu" if device_type == "cuda" else device_type, *args, **kwargs)

  torch.autocast.__init__ = autocast
  torch.compile = lambda model=None, **options: model if model is not None else (lambda function: function)
  for name in ("synchronize", "empty_cache", "reset_peak_memory_stats", "manual_seed", "manual_seed_all", "set_device"):
    setattr(torch.cuda, name, lambda *args, **kwargs: None)
