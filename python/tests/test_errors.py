"""What a wrong input says, and that it is said as an exception."""

from __future__ import annotations

import math
from typing import Any

import pytest

import gc_plan


@pytest.mark.parametrize(
  ("options", "code", "next_step"),
  [
    ({"hiden_dim": 256}, "unknown-option", "--hidden-dim"),
    ({"gpu": "rtx-4090x"}, "unknown-gpu", "Nearest: rtx-4090"),
    ({"precision": "bf61"}, "unknown-choice", "--precision bf16"),
    ({"hidden_dim": -1}, "out-of-range", "--hidden-dim 512"),
    ({"import_": "nowhere.yaml"}, "unreadable-file", ""),
  ],
)
def test_a_wrong_keyword_says_what_to_type_next(options: dict[str, Any], code: str, next_step: str) -> None:
  with pytest.raises(gc_plan.InputError) as caught:
    gc_plan.estimate("graphcast-small", **options)
  error = caught.value
  assert error.code == code
  assert any(next_step in step for step in error.next_steps)
  assert str(error).startswith(error.message)
  assert all(step in str(error) for step in error.next_steps)


@pytest.mark.parametrize("value", [math.nan, math.inf, b"256", {"a": 1}, object()])
def test_no_value_is_a_bug(value: Any) -> None:
  with pytest.raises(gc_plan.InputError):
    gc_plan.estimate("tiny", hidden_dim=value)


def test_an_error_does_not_end_the_session() -> None:
  before = gc_plan.estimate("tiny").memory
  with pytest.raises(gc_plan.InputError):
    gc_plan.estimate("tinyy")
  assert gc_plan.estimate("tiny").memory == before


def test_a_model_and_a_trace_are_not_both_the_step() -> None:
  with pytest.raises(gc_plan.InputError, match="both"):
    gc_plan.estimate("tiny", trace="step.trace.gz")  # type: ignore[call-overload]
