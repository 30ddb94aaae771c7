"""The way into the user's code, and out of it again with an answer: what every recorder shares, in whichever framework. Standard library only."""

import ctypes
import importlib.machinery
import importlib.util
import inspect
import json
import os
import signal
import sys


class Refused(Exception):
  """The user's code is not something that can be captured: (code, message, next steps)."""


def answer(file, run, parent=None):
  """Writes what `run` gives, or why it refuses. `parent`: the process that waits for it, sys.argv[5] of a script."""
  end_with(parent or (int(sys.argv[5]) if len(sys.argv) > 5 else None))
  try:
    made = run()
  except Refused as refused:
    code, message, next_steps = refused.args
    made = {"refused": {"code": code, "message": message, "nextSteps": next_steps}}
  with open(file, "w") as out:
    json.dump(made, out)


def end_with(parent):
  """Linux ends this process with gc-plan's, also where that is killed: prctl(2), PR_SET_PDEATHSIG."""
  if sys.platform != "linux" or parent is None:
    return
  pr_set_pdeathsig = 1
  ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)
  if os.getppid() != parent:
    sys.exit("gc-plan has ended")


def function_of(file, function):
  """The user's function, of a file that is run for it."""
  sys.path.insert(0, os.path.dirname(os.path.abspath(file)))
  # A module like any other: torch_geometric looks its layers' classes up there.
  loader = importlib.machinery.SourceFileLoader("captured", file)
  module = importlib.util.module_from_spec(importlib.util.spec_from_loader("captured", loader))
  sys.modules["captured"] = module
  try:
    loader.exec_module(module)
  except ModuleNotFoundError as error:
    next_step = f"{sys.executable} -m pip install {error.name.split('.')[0] if error.name else '…'}"
    raise Refused("python-packages-missing", f"{file}: {error}.", [next_step, "--python PATH names another Python"]) from error
  except SyntaxError as error:
    raise Refused("step-failed", f"{file}:{error.lineno}: {error.msg}.", ["correct this line"]) from error
  made = vars(module).get(function)
  if callable(made):
    return made
  names = [name for name, value in vars(module).items() if inspect.isfunction(value) and value.__module__ == "captured"]
  raise Refused(
      "no-such-function",
      f"{file}: there is no function {function!r} in it.",
      [f"functions there: {', '.join(names[:10])}" if names else "define a function that returns a step"],
  )
