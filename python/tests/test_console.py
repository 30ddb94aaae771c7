"""The command line of the wheel, where nothing but Python is installed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import distribution
from pathlib import Path

import pytest
from conftest import Run

import gc_plan


def test_the_module_under_test_is_the_installed_wheel() -> None:
  assert Path(gc_plan.__file__).is_relative_to(sys.prefix)
  assert distribution("gc-plan").version == gc_plan.__version__


def test_the_first_answer_needs_nothing_on_the_path(run: Run) -> None:
  done = run("sweep", "--vram", "24GB", "--json")
  assert (done.returncode, done.stderr) == (0, "")
  assert json.loads(done.stdout)["candidates"]["fits"] > 0


def test_version_is_that_of_the_distribution(run: Run) -> None:
  assert run("--version").stdout == f"gc-plan {distribution('gc-plan').version}\n"


def test_a_no_is_exit_1_and_wrong_input_is_exit_2(run: Run) -> None:
  assert run("estimate", "graphcast-small", "--batch", "64", "--gpu", "l4", "--json").returncode == 1
  done = run("estimate", "graphcast-smal")
  assert done.returncode == 2
  assert "graphcast-small" in done.stderr


def test_backends_are_brought_by_the_npm_that_comes_with_node(run: Run) -> None:
  done = run("verify", "tiny", "--json")
  assert done.returncode == 2
  assert any(step.startswith("gc-plan verify --install js") for step in json.loads(done.stdout)["nextSteps"])


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C cannot be sent to one process there")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_node_itself(gc_plan_command: str, tmp_path: Path, ending: signal.Signals) -> None:
  command = [
    gc_plan_command,
    "sweep",
    "--vram",
    "24GB",
    "--hidden-dim",
    "64..4096:8",
    "--layers",
    "4..64",
    "--all",
    "--json",
  ]
  running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"HOME": str(tmp_path)})
  time.sleep(3)
  running.send_signal(ending)
  running.communicate(timeout=20)
  assert running.returncode == 130


def test_the_module_runs_as_the_command(run: Run, tmp_path: Path) -> None:
  done = subprocess.run(
    [sys.executable, "-m", "gc_plan", "profiles", "--json"], text=True, capture_output=True, cwd=tmp_path, timeout=60
  )
  assert done.stdout == run("profiles", "--json").stdout
