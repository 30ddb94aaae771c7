"""
The wheel carries the built npm package in gc_plan/package/, and its version is package.json's. A source distribution
carries it too, and a wheel is made of that one likewise.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

# What runs, and what it reads. The documents stay in the npm package.
CARRIED = ("package.json", "LICENSE", "bin/run.js", "dist", "profiles", "schemas")
INSIDE = "src/gc_plan/package"


def npm_package(root: str) -> Path:
  """In a source distribution beside the Python module, in a clone the folder above."""
  inside = Path(root, INSIDE)
  return inside if inside.is_dir() else Path(root).parent


class VersionOfPackage(MetadataHookInterface):
  PLUGIN_NAME = "custom"

  def update(self, metadata: dict[str, Any]) -> None:
    metadata["version"] = json.loads((npm_package(self.root) / "package.json").read_text())["version"]


class CarryPackage(BuildHookInterface[Any]):
  PLUGIN_NAME = "custom"

  def initialize(self, version: str, build_data: dict[str, Any]) -> None:
    package = npm_package(self.root)
    if version == "editable" or package == Path(self.root, INSIDE):
      return
    if not (package / "dist/cli/session/main.js").is_file():
      raise FileNotFoundError(f"{package}/dist is not built: npm run build")
    place = INSIDE if self.target_name == "sdist" else "gc_plan/package"
    # One by one and in order: a folder would come in the order of the disk, and the wheel would not be the same twice.
    for name in CARRIED:
      path = package / name
      for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
          build_data["force_include"][str(file)] = f"{place}/{file.relative_to(package).as_posix()}"
