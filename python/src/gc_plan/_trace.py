"""A training step as it ran, on a file."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Mapping
from dataclasses import dataclass

from ._errors import InputError
from ._reports import Unseen


@dataclass(frozen=True, kw_only=True)
class Trace:
  """What `capture` gives and `estimate(trace=…)` takes. Its file goes with it, unless it has a name or is saved."""

  file: str | None
  """None: the step did not run to its end; `unseen` says where it stopped."""
  source: str
  versions: Mapping[str, str]
  unseen: tuple[Unseen, ...]
  """What a card that is not there cannot show, each with the reason and what to do."""
  notes: tuple[str, ...]

  @property
  def path(self) -> str:
    """Raises InputError where nothing was recorded."""
    if self.file is not None:
      return self.file
    reasons = [f"{each.what}: {each.why}" for each in self.unseen]
    raise InputError("not-recorded", f"{self.source}: {'; '.join(reasons)}.", [each.next_step for each in self.unseen])

  def goes_with(self, folder: str) -> Trace:
    """`folder` is removed when nobody holds this trace any more, at the latest with Python."""
    weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
    return self

  def save(self, file: str) -> None:
    """A copy, for `gc-plan estimate --trace FILE` or another day."""
    shutil.copyfile(self.path, file)
