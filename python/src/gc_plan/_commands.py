"""
One function per command. Keywords are its flags in snake_case (`import_`, `from_`, `for_`: Python keeps the words).
What they mean and what may be said is decided in one place, by gc-plan.
"""

from __future__ import annotations

import numbers
import os
import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from . import _reports as reports
from ._errors import InputError
from ._session import call
from ._trace import Trace

if TYPE_CHECKING:
  from typing_extensions import Unpack

  from ._reports import OptionLists, Options

FilePath: TypeAlias = str | os.PathLike[str]
Solvable = Literal["batch", "hidden-dim", "layers", "rollout", "resolution", "mesh-level", "gpus"]


@overload
def estimate(model: FilePath | None = None, *, trace: None = None, **options: Unpack[Options]) -> reports.Estimate: ...
@overload
def estimate(
  model: None = None, *, trace: Trace | FilePath, **options: Unpack[Options]
) -> reports.RecordedEstimate: ...
def estimate(
  model: FilePath | None = None, *, trace: Trace | FilePath | None = None, **options: Any
) -> reports.Estimate | reports.RecordedEstimate:
  """
  Memory of one configuration, or of a step that `capture` recorded. Sizes are bytes.

  gc_plan.estimate("graphcast-small", gpu="rtx-4090", hidden_dim=256)

  Raises InputError. Not to fit is an answer: `verdict.kind` is fits, tight, exceeds, or unknown without a card.
  """
  if trace is None:
    return reports.Estimate._of(*answered("estimate", model, options))
  return reports.RecordedEstimate._of(*answered("estimate", model, options, trace=trace))


@overload
def advise(model: FilePath | None = None, *, trace: None = None, **options: Unpack[Options]) -> reports.Advice: ...
@overload
def advise(model: None = None, *, trace: Trace | FilePath, **options: Unpack[Options]) -> reports.RecordedAdvice: ...
def advise(
  model: FilePath | None = None, *, trace: Trace | FilePath | None = None, **options: Any
) -> reports.Advice | reports.RecordedAdvice:
  """
  Every single change that saves memory, and `cheapest`, the combination that fits; of a captured step, what
  recomputing its modules would save. Raises InputError.
  """
  if trace is None:
    return reports.Advice._of(*answered("advise", model, options))
  return reports.RecordedAdvice._of(*answered("advise", model, options, trace=trace))


def solve(model: FilePath | None = None, *, for_: Solvable, **options: Unpack[Options]) -> reports.Solution:
  """The largest value of one option that fits on a card (`best`), and the next one (`next`). Raises InputError."""
  return reports.Solution._of(*answered("solve", model, options, {"for": for_}))


def compare(
  model: FilePath | None = None,
  *,
  trace: Trace | FilePath | None = None,
  other: Trace | FilePath | None = None,
  changes: Options | None = None,
  **options: Unpack[Options],
) -> reports.Comparison:
  """
  Two configurations side by side, and what each difference costs: with another model, or with `changes`. With
  `trace`, two captured steps.

  gc_plan.compare("graphcast-small", gpu="l4", changes={"batch": 2})
  gc_plan.compare(trace=before, other=after, gpu="l4")

  Raises InputError.
  """
  subject = configuration(model, options, trace) | without_none(other=path_of(other))
  report = call("compareTrace" if trace is not None else "compare", subject | {"changes": flags_of(changes or {})})
  if trace is None:
    command, second = command_line("compare", [model, path_of(other)], options), {**(changes or {})}
  else:
    command = command_line("compare", [], {"trace": path_of(trace), **options})
    second = {"trace": path_of(other), **(changes or {})}
  after = tokens_of(second)
  return reports.Comparison._of(report, f"{command} --{after}" if after else command)


def cards(
  model: FilePath | None = None,
  *,
  trace: Trace | FilePath | None = None,
  prices: FilePath | None = None,
  **options: Unpack[Options],
) -> reports.Cards:
  """
  Every card, for one configuration or a captured step: verdict, spare memory, price; the cheapest that fits first.
  `prices`: a file. Raises InputError.
  """
  return reports.Cards._of(*answered("cards", model, options, {"prices": prices}, trace))


def explain(
  model: FilePath | None = None,
  *,
  trace: Trace | FilePath | None = None,
  by: Literal["category", "module"] | None = None,
  top: int | None = None,
  snapshot: FilePath | None = None,
  perfetto: FilePath | None = None,
  **options: Unpack[Options],
) -> reports.Explanation:
  """
  What is alive through one step, of a configuration or captured, and the largest arrays at its peak. `snapshot`,
  `perfetto`: files to write. Raises InputError.
  """
  own = {"by": by, "top": top, "snapshot": snapshot, "perfetto": perfetto}
  return reports.Explanation._of(*answered("explain", model, options, own, trace))


def sweep(
  model: FilePath | None = None,
  *,
  space: FilePath | None = None,
  from_: str | None = None,
  to: str | None = None,
  global_batch: int | None = None,
  require: str | None = None,
  max_params: float | None = None,
  max_step_cost: float | None = None,
  updates: str | None = None,
  prices: FilePath | None = None,
  top: int | None = None,
  all: bool = False,
  sort: str | None = None,
  workers: int | None = None,
  export: str | None = None,
  **options: Unpack[OptionLists],
) -> reports.Sweep:
  """
  Which configurations fit on a card, and the plan from a small to a large one. An option may be several values:

  gc_plan.sweep("graphcast-small", vram="24GB", hidden_dim=[256, 512], batch="1..4")

  Raises InputError.
  """
  limits = without_none(require=require, maxParameters=max_params, maxStepCost=max_step_cost)
  given = {
    "space": path_of(space),
    "from": from_,
    "to": to,
    "globalBatch": global_batch,
    "limits": limits or None,
    "updates": updates,
    "prices": path_of(prices),
    "top": top,
    "order": sort,
    "numWorkers": workers,
    "exportTo": export,
  }
  flags = dict(space=space, from_=from_, to=to, global_batch=global_batch, require=require, max_params=max_params)
  flags |= dict(max_step_cost=max_step_cost, updates=updates, prices=prices, top=top, all=all or None, sort=sort)
  every = {"top": None} if all else {}
  report = call("sweep", configuration(model, options) | without_none(**given) | every)
  return reports.Sweep._of(
    report, command_line("sweep", [model], {**options, **flags, "workers": workers, "export": export})
  )


def check(
  plan_file: FilePath | None = None, *, max_growth: str | None = None, update_baseline: bool = False
) -> reports.Check:
  """
  A plan file's configurations, and captured steps (`trace:` of an entry), against its cards, budgets and baseline:
  `passed`. Raises InputError.
  """
  given = without_none(planFile=path_of(plan_file), maxGrowth=max_growth, updateBaseline=update_baseline)
  flags = {"max_growth": max_growth, "update_baseline": update_baseline or None}
  return reports.Check._of(call("check", given), command_line("check", [plan_file], flags))


def answered(
  command: str,
  model: FilePath | None,
  options: Mapping[str, object],
  own: Mapping[str, object] | None = None,
  trace: Trace | FilePath | None = None,
) -> tuple[dict[str, Any], str]:
  """The report, and the command line that gives it. `own`: what only this command has, as the library names it."""
  own = {name: value if isinstance(value, int) else path_of(value) for name, value in (own or {}).items()}
  name = command if trace is None else f"{command}Trace"
  report = call(name, configuration(model, options, trace) | without_none(**own))
  return report, command_line(command, [model], {"trace": path_of(trace), **options, **own})


def configuration(
  model: FilePath | None, options: Mapping[str, object], trace: Trace | FilePath | None = None
) -> dict[str, object]:
  if model is not None and trace is not None:
    raise InputError("conflicting-options", "model and trace both say which step.", ["give one of them"])
  return without_none(model=path_of(model), trace=path_of(trace)) | {"flags": flags_of(options)}


def without_none(**given: object) -> dict[str, object]:
  return {name: value for name, value in given.items() if value is not None}


def path_of(given: Any) -> str | None:
  if isinstance(given, Trace):
    return given.path
  return None if given is None else os.fspath(given)


def command_line(command: str, positional: Iterable[FilePath | None], options: Mapping[str, object]) -> str:
  words = [shlex.quote(os.fspath(each)) for each in positional if each is not None]
  return " ".join(["gc-plan", command, *words]) + tokens_of(options)


def tokens_of(options: Mapping[str, object]) -> str:
  words = []
  for name, value in flags_of(options).items():
    words.append(f" --no-{name}" if value is False else f" --{name}")
    if not isinstance(value, bool):
      words.append(f" {shlex.quote(str(value))}")
  return "".join(words)


def flags_of(options: Mapping[str, object]) -> dict[str, object]:
  """As the command line has them: hidden_dim is hidden-dim. None is as if it was not said."""
  return {name.rstrip("_").replace("_", "-"): value_of(value) for name, value in options.items() if value is not None}


def value_of(value: object) -> str | bool | int | float:
  if isinstance(value, (str, bool)):
    return value
  if isinstance(value, os.PathLike):
    return str(os.fspath(value))
  # Of NumPy as well.
  if isinstance(value, numbers.Integral):
    return int(value)
  if isinstance(value, numbers.Real):
    return float(value)
  if isinstance(value, Iterable) and not isinstance(value, (Mapping, bytes)):
    return ",".join(str(value_of(each)) for each in value)
  raise InputError("invalid-input", f"{value!r} is neither a number, a text, a truth value nor several of them.")
