"""
GPU memory of GraphCast-like models, before a GPU is rented.

  report = gc_plan.estimate("graphcast-small", gpu="rtx-4090", hidden_dim=256)
  report.verdict.kind, report.memory.range.high_bytes

One function per command of gc-plan, with its flags as keywords. A notebook shows a report as its page.
"""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _version

from ._capture import capture
from ._commands import advise, cards, check, compare, estimate, explain, solve, sweep
from ._errors import GcPlanWarning, InputError, InternalError
from ._reports import (
  Advice,
  Cards,
  Check,
  Comparison,
  Estimate,
  Explanation,
  RecordedAdvice,
  RecordedEstimate,
  Solution,
  Sweep,
)
from ._trace import Trace

try:
  __version__ = _version("gc-plan")
except PackageNotFoundError:
  __version__ = "0"

__all__ = [
  "Advice",
  "Cards",
  "Check",
  "Comparison",
  "Estimate",
  "Explanation",
  "GcPlanWarning",
  "InputError",
  "InternalError",
  "RecordedAdvice",
  "RecordedEstimate",
  "Solution",
  "Sweep",
  "Trace",
  "advise",
  "capture",
  "cards",
  "check",
  "compare",
  "estimate",
  "explain",
  "solve",
  "sweep",
]
