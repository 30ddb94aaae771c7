"""Reports as Python has them: what the command line says, under its names, and nothing lost on the way."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from conftest import Run

import gc_plan


def snake(name: str) -> str:
  """By hand what scripts/python-types.mjs does: the names of attributes are part of what users write."""
  return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda letter: "_" + letter[0].lower(), name.replace("GBps", "Gbps")).lower()


def differences(value: Any, document: Any, where: str = "report") -> list[str]:
  """Where a report and its JSON document differ."""
  if isinstance(document, Mapping) and dataclasses.is_dataclass(value):
    fields = {field.name for field in dataclasses.fields(value) if not field.name.startswith("_")}
    names = {key: next((each for each in (snake(key), f"{snake(key)}_") if each in fields), None) for key in document}
    absent = [f"{where}.{key}: no attribute" for key, name in names.items() if name is None]
    invented = [
      f"{where}.{name}: not in the document"
      for name in fields - set(names.values())
      if getattr(value, name) is not None
    ]
    inner = [differences(getattr(value, name), document[key], f"{where}.{name}") for key, name in names.items() if name]
    return absent + invented + [each for found in inner for each in found]
  if isinstance(document, Mapping):
    return [each for key in document for each in differences(value[key], document[key], f"{where}[{key!r}]")]
  if isinstance(document, list):
    if len(value) != len(document):
      return [f"{where}: {len(value)} of {len(document)}"]
    return [each for at, item in enumerate(document) for each in differences(value[at], item, f"{where}[{at}]")]
  return [] if value == document and type(value) is type(document) else [f"{where}: {value!r} is not {document!r}"]


CALLS: dict[str, tuple[Callable[[], Any], list[str]]] = {
  "estimate": (
    lambda: gc_plan.estimate("graphcast-small", gpu="rtx-4090", hidden_dim=256),
    ["estimate", "graphcast-small", "--gpu", "rtx-4090", "--hidden-dim", "256"],
  ),
  "estimate that does not fit": (
    lambda: gc_plan.estimate("graphcast-small", gpu="l4", batch=2),
    ["estimate", "graphcast-small", "--gpu", "l4", "--batch", "2"],
  ),
  "estimate on several cards": (
    lambda: gc_plan.estimate("physicsnemo-graphcast", gpus=2, parallel="data", gpu="h100-80gb"),
    ["estimate", "physicsnemo-graphcast", "--gpus", "2", "--parallel", "data", "--gpu", "h100-80gb"],
  ),
  "sweep": (
    lambda: gc_plan.sweep(
      "tiny", vram="2GB", hidden_dim=[32, 64], layers=range(2, 5), all=True, from_="32/2", to="64/4"
    ),
    "sweep tiny --vram 2GB --hidden-dim 32,64 --layers 2,3,4 --all --from 32/2 --to 64/4".split(),
  ),
  "sweep within limits": (
    lambda: gc_plan.sweep("tiny", vram="2GB", batch="1..4", require="batch>=2", max_params=1e6, top=3, sort="memory"),
    "sweep tiny --vram 2GB --batch 1..4 --require batch>=2 --max-params 1000000 --top 3 --sort memory".split(),
  ),
  "advise": (
    lambda: gc_plan.advise("graphcast-small", gpu="l4", batch=2),
    ["advise", "graphcast-small", "--gpu", "l4", "--batch", "2"],
  ),
  "solve": (
    lambda: gc_plan.solve("tiny", for_="mesh-level", gpu="t4"),
    ["solve", "tiny", "--for", "mesh-level", "--gpu", "t4"],
  ),
  "compare": (
    lambda: gc_plan.compare("tiny", gpu="l4", changes={"hidden_dim": 64, "batch": 2}),
    ["compare", "tiny", "--gpu", "l4", "--", "--hidden-dim", "64", "--batch", "2"],
  ),
  "compare of two models": (
    lambda: gc_plan.compare("tiny", other="graphcast-small"),
    ["compare", "tiny", "graphcast-small"],
  ),
  "cards": (lambda: gc_plan.cards("graphcast-small"), ["cards", "graphcast-small"]),
  "explain": (
    lambda: gc_plan.explain("tiny", by="module", top=3),
    ["explain", "tiny", "--by", "module", "--top", "3"],
  ),
}


# A recorded step of another test: two linear layers.
TRACE = str(Path(__file__).parents[2] / "tests/data/traces/plain.trace.gz")

CALLS |= {
  "estimate of a trace": (
    lambda: gc_plan.estimate(trace=TRACE, gpu="t4"),
    ["estimate", "--trace", TRACE, "--gpu", "t4"],
  ),
  "advise of a trace": (lambda: gc_plan.advise(trace=TRACE, gpu="t4"), ["advise", "--trace", TRACE, "--gpu", "t4"]),
  "explain of a trace": (
    lambda: gc_plan.explain(trace=Path(TRACE), by="module", top=3),
    ["explain", "--trace", TRACE, "--by", "module", "--top", "3"],
  ),
  "cards of a trace": (lambda: gc_plan.cards(trace=TRACE), ["cards", "--trace", TRACE]),
  "compare of a trace on two cards": (
    lambda: gc_plan.compare(trace=TRACE, gpu="t4", changes={"gpu": "l4"}),
    ["compare", "--trace", TRACE, "--gpu", "t4", "--", "--gpu", "l4"],
  ),
  "compare of two traces": (
    lambda: gc_plan.compare(trace=TRACE, other=TRACE, gpu="t4"),
    ["compare", "--trace", TRACE, "--gpu", "t4", "--", "--trace", TRACE],
  ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_report_is_the_document_of_the_command_line(name: str, run: Run) -> None:
  ask, arguments = CALLS[name]
  report = ask()
  document = json.loads(run(arguments[0], "--json", *arguments[1:]).stdout)
  assert report.to_dict() == document
  assert differences(report, document) == []


def test_check_reads_a_plan_file_of_the_current_folder(
  run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
  monkeypatch.chdir(tmp_path)
  assert run("init", "--gpu", "l4", "--json").returncode == 0
  report = gc_plan.check()
  assert report.passed
  assert differences(report, report.to_dict()) == []


def test_check_reads_a_trace_that_a_plan_file_names(tmp_path: Path) -> None:
  file = tmp_path / "gc-plan.yaml"
  file.write_text(f"configurations:\n  step:\n    trace: {TRACE}\n    gpu: t4\n")
  report = gc_plan.check(file)
  assert report.passed
  assert differences(report, report.to_dict()) == []


def test_a_model_and_a_trace_are_two_steps() -> None:
  for ask in (gc_plan.explain, gc_plan.cards, gc_plan.compare):
    with pytest.raises(gc_plan.InputError, match="both say which step"):
      ask("tiny", trace=TRACE)


def test_not_to_fit_is_a_value() -> None:
  report = gc_plan.estimate("graphcast-small", gpu="l4", batch=2)
  assert report.verdict.kind == "exceeds"
  assert report.verdict.smallest_change is not None
  assert report.verdict.smallest_change.command.startswith("gc-plan estimate graphcast-small ")


def test_a_report_is_not_changed_by_accident() -> None:
  report = gc_plan.estimate("tiny")
  with pytest.raises(dataclasses.FrozenInstanceError):
    report.memory.peak_live_bytes = 0  # type: ignore[misc]


def test_printing_shows_the_screen_of_the_command_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
  monkeypatch.setenv("COLUMNS", "100")
  report = gc_plan.estimate("graphcast-small", gpu="rtx-4090", hidden_dim=256)
  screen = run("estimate", "graphcast-small", "--gpu", "rtx-4090", "--hidden-dim", "256").stdout
  assert f"{report}\n" == screen


class Frame(HTMLParser):
  """The page inside an iframe, and the tags around it."""

  def __init__(self, text: str) -> None:
    super().__init__()
    self.tags: list[str] = []
    self.page = ""
    self.feed(text)

  def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
    self.tags.append(tag)
    self.page = self.page or dict(attributes).get("srcdoc") or ""


def test_a_notebook_gets_the_page_in_a_frame_that_keeps_its_style_to_itself(run: Run) -> None:
  shown = gc_plan.cards("tiny")._repr_html_()
  frame = Frame(shown)
  assert frame.tags == ["iframe"]
  page = run("cards", "tiny", "--format", "html").stdout
  assert frame.page == page.rstrip("\n")
  assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", html.unescape(shown)), "it needs a network"
