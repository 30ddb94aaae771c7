"""The tests run where the wheel is installed (scripts/check-wheel.mjs), never on the sources beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

# Nobody's own verifications and backends, for the session of this process too.
DATA = tempfile.TemporaryDirectory()
os.environ["XDG_DATA_HOME"] = DATA.name

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def gc_plan_command() -> str:
  folder = Path(sys.executable).parent
  return str(folder / ("gc-plan.exe" if os.name == "nt" else "gc-plan"))


@pytest.fixture
def run(gc_plan_command: str, tmp_path: Path) -> Run:
  """The console script where no program is on the PATH."""

  def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": str(tmp_path / "empty"), "HOME": str(tmp_path), "XDG_DATA_HOME": DATA.name}
    command = [gc_plan_command, *arguments]
    return subprocess.run(command, env=env, text=True, capture_output=True, cwd=tmp_path, timeout=120)

  return run
