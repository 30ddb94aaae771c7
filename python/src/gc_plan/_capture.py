"""
Records a training step of this session's own torch, without a GPU: src/verify/capture of gc-plan, in a fork of this
process. The fork has the session's model and torch, and what the probe does to torch (a card that is not there) ends
with it.
"""

from __future__ import annotations

import importlib
import inspect
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal

from ._errors import InputError
from ._node import package_file
from ._reports import Unseen
from ._session import call
from ._trace import Trace

# Modules of the probe, which are imported by these names in the fork; the session may have others of the same names.
PROBE = ("capture", "card", "changes", "measure", "recorder", "rehearse", "trace_file", "training", "user_code")


def capture(
  step: Callable[..., object] | Sequence[object] | str,
  *,
  trace: str | os.PathLike[str] | None = None,
  checkpoint: str | Sequence[str] | None = None,
  batch: int | None = None,
  autocast: Literal["bf16", "fp16", "off"] | None = None,
  python: str | os.PathLike[str] | None = None,
  timeout: int = 600,
) -> Trace:
  """
  A training step as it allocates and frees, recorded without a GPU.

  `step`: a function that returns a step to call, or (model, optimizer, batch, loss); or that tuple itself; or
  "train.py:make_step", which `python` runs, this one by default. `trace`: a file to keep it in. `checkpoint` (paths of
  modules to recompute), `batch` (for a function with such a parameter, or the tuple) and `autocast` change the step.
  `timeout`: seconds.

  gc_plan.estimate(trace=gc_plan.capture((model, optimizer, (x, y), loss)), gpu="l4")

  Raises InputError. What could not be seen is an answer: `Trace.unseen`.
  """
  folder = tempfile.mkdtemp(prefix="gc-plan-") if trace is None else None
  file = os.path.join(folder, "step.trace.gz") if folder is not None else os.fspath(trace or "")
  changes = {"checkpoint": parts_of(checkpoint), "batch": batch, "autocast": autocast}
  try:
    if isinstance(step, str):
      recorded = captured_elsewhere(step, file, changes, os.fspath(python or sys.executable), timeout)
    else:
      recorded = captured_here(step, file, changes, python, timeout)
  except BaseException:
    shutil.rmtree(folder or "", ignore_errors=True)
    raise
  return recorded if folder is None else recorded.goes_with(folder)


def parts_of(checkpoint: str | Sequence[str] | None) -> list[str] | None:
  return checkpoint.split("+") if isinstance(checkpoint, str) else None if checkpoint is None else list(checkpoint)


def captured_elsewhere(step: str, file: str, changes: dict[str, Any], python: str, timeout: int) -> Trace:
  changed = [name for name, value in changes.items() if value is not None]
  if changed:
    raise InputError(
      "conflicting-options", f"{changed[0]}: only of a step of this session.", ["gc-plan capture --help"]
    )
  report = call("capture", {"step": step, "python": python, "trace": file, "timeout": timeout})
  return Trace(
    file=None if report["trace"] is None else file,
    source=report["source"],
    versions=report["versions"],
    unseen=tuple(Unseen._of(each) for each in report["unseen"]),
    notes=tuple(report["assumptions"]),
  )


def captured_here(step: Any, file: str, changes: dict[str, Any], python: object, timeout: int) -> Trace:
  if python is not None:
    raise InputError(
      "conflicting-options",
      "python: a step of this session runs in this one.",
      ["capture('train.py:make_step', python=…)"],
    )
  refuse_what_a_fork_cannot()
  with tempfile.TemporaryDirectory(prefix="gc-plan-") as work:
    files = {name: os.path.join(work, name) for name in ("answer", "output", "trace")}
    process = multiprocessing.get_context("fork").Process(
      target=record, args=(step, files, changes, os.getpid()), daemon=True
    )
    with warnings.catch_warnings():
      # Threads of the session do not come along, and the probe runs in one.
      warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
      process.start()
    try:
      process.join(timeout)
      if process.is_alive():
        raise InputError(
          "capture-timeout", f"The step took more than {timeout} s.", ["timeout=3600", "capture a smaller model first"]
        )
    finally:
      process.kill()
      process.join()
    answer = answer_of(files, process.exitcode)
    recorded = "numEvents" in answer
    if recorded:
      shutil.move(files["trace"], file)
  return Trace(
    file=file if recorded else None,
    source=answer["source"],
    versions=answer["versions"],
    unseen=tuple(Unseen._of(each) for each in answer["unseen"]),
    notes=tuple(answer.get("notes", ())),
  )


def refuse_what_a_fork_cannot() -> None:
  elsewhere = "capture('train.py:make_step') records a function of a file, in a process of its own"
  if "fork" not in multiprocessing.get_all_start_methods():
    raise InputError("no-fork", "This system does not fork processes, which a step of the session needs.", [elsewhere])
  cuda = getattr(sys.modules.get("torch"), "cuda", None)
  if cuda is not None and cuda.is_initialized():
    raise InputError(
      "card-in-use", "This session has begun to use its CUDA card, and a fork of it cannot go on.", [elsewhere]
    )


def record(step: Any, files: dict[str, str], changes: dict[str, Any], parent: int) -> None:
  """In the fork."""
  output = open(files["output"], "w")
  for descriptor in (1, 2):
    os.dup2(output.fileno(), descriptor)
  sys.stdout = sys.stderr = output
  for name in PROBE:
    sys.modules.pop(name, None)
  sys.path.insert(0, package_file("dist/verify/capture"))
  user_code, probe = importlib.import_module("user_code"), importlib.import_module("capture")
  name = getattr(step, "__qualname__", "step").rpartition(".")[2]
  source = source_of(step)

  def run() -> object:
    # OpenMP's threads are not in a fork: with more than one, it would wait for them.
    importlib.import_module("torch").set_num_threads(1)
    return probe.capture(source, name, files["trace"], {**changes, "rehearsal": False}, step)

  user_code.answer(files["answer"], run, parent)
  output.flush()


def source_of(step: Any) -> str:
  try:
    return inspect.getsourcefile(step) or "session"
  except TypeError:
    return "session"


def answer_of(files: dict[str, str], exit_code: int | None) -> dict[str, Any]:
  try:
    with open(files["answer"]) as made:
      answer: dict[str, Any] = json.load(made)
  except (OSError, ValueError):
    with open(files["output"], errors="replace") as output:
      said = output.read()[-2000:]
    raise InputError(
      "capture-failed",
      f"Python ended with {exit_code} before it had recorded a step:\n{said}".rstrip(),
      ["run the function by itself first"],
    ) from None
  if "refused" in answer:
    refused = answer["refused"]
    raise InputError(refused["code"], refused["message"], refused["nextSteps"])
  return answer
