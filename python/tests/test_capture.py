"""A step of this session, recorded in this session's own torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_reports import differences

import gc_plan

torch: Any = pytest.importorskip("torch", reason="npm run torch:install, and .cache/torch on PYTHONPATH")

STEP = """
import torch

def make_step(width=64):
  model = torch.nn.Sequential(torch.nn.Linear(32, width), torch.nn.ReLU(), torch.nn.Linear(width, 8))
  optimizer = torch.optim.AdamW(model.parameters())
  return model, optimizer, (torch.randn(16, 32), torch.randn(16, 8)), torch.nn.functional.mse_loss
"""


def make_step(width: int = 64) -> Any:
  model = torch.nn.Sequential(torch.nn.Linear(32, width), torch.nn.ReLU(), torch.nn.Linear(width, 8))
  optimizer = torch.optim.AdamW(model.parameters())
  return model, optimizer, (torch.randn(16, 32), torch.randn(16, 8)), torch.nn.functional.mse_loss


def test_a_step_of_the_session_costs_what_the_same_step_of_a_file_does(tmp_path: Path) -> None:
  """The file runs in a fresh process, as `gc-plan capture` has it; the session has run a backward pass before."""
  weight = torch.ones(4, 4, requires_grad=True)
  (weight @ weight).sum().backward()
  file = tmp_path / "train.py"
  file.write_text(STEP)
  trace = gc_plan.capture(make_step)
  here = gc_plan.estimate(trace=trace, gpu="l4").memory
  there = gc_plan.estimate(trace=gc_plan.capture(f"{file}:make_step"), gpu="l4").memory
  assert (here.peak_live_bytes, here.peak_reserved_bytes) == (there.peak_live_bytes, there.peak_reserved_bytes)
  assert here.parameter_bytes == 4 * (32 * 64 + 64 + 64 * 8 + 8)
  assert not torch.cuda.is_available(), "the session has no card, now as before"
  assert weight.grad is not None
  advice = gc_plan.advise(trace=trace, gpu="l4")
  assert (advice.memory.peak_live_bytes, advice.optimizer.bytes) == (here.peak_live_bytes, here.optimizer_bytes)
  assert differences(advice, advice.to_dict()) == []
  trace.save(str(tmp_path / "kept.trace.gz"))
  assert gc_plan.estimate(trace=tmp_path / "kept.trace.gz").memory.peak_live_bytes == here.peak_live_bytes


def test_a_step_that_fails_says_where() -> None:
  def make() -> None:
    raise ValueError("no data")

  with pytest.raises(gc_plan.InputError, match="ValueError: no data") as caught:
    gc_plan.capture(make)
  assert caught.value.code == "step-failed"
