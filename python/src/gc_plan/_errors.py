"""What goes wrong: the input, or gc-plan itself. That a model does not fit is an answer, not an error."""

from __future__ import annotations

from collections.abc import Sequence


class InputError(ValueError):
  """The input is wrong, or something that it needs is missing. Says what and where, and what to type next."""

  def __init__(self, code: str, message: str, next_steps: Sequence[str] = ()) -> None:
    super().__init__(code, message, tuple(next_steps))
    self.code = code
    """Stable and machine-readable, e.g. `unknown-gpu`."""
    self.message = message
    self.next_steps = tuple(next_steps)

  def __str__(self) -> str:
    return "\n".join([self.message, *(f"  → {step}" for step in self.next_steps)])


class InternalError(RuntimeError):
  """A bug in gc-plan, or a process of it that ended."""


class GcPlanWarning(UserWarning):
  """What was noticed beside an answer, e.g. a damaged line of the ledger of verifications."""
