"""What every report can do beside holding its numbers: show itself."""

from __future__ import annotations

import html
import shutil
from dataclasses import dataclass, field
from typing import Any

from ._session import call

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, repr=False)
class Report:
  """`print(report)` gives the screen of the command line, a notebook shows the page."""

  _json: Json = field(repr=False, compare=False)
  _command: str = field(repr=False, compare=False)

  def to_dict(self) -> Json:
    """The document that `--json` prints."""
    return self._json

  def to_html(self) -> str:
    """A page of its own: no file and no network beside it."""
    return self._shown("html")

  def __str__(self) -> str:
    return self._shown("table")

  def __repr__(self) -> str:
    return f"<{type(self).__name__} {self._json['schema']}: print() shows it, .to_dict() is its JSON>"

  def _repr_html_(self) -> str:
    """In a frame: the page's style and script stay in it."""
    page = html.escape(self.to_html(), quote=True)
    return (
      f'<iframe title="{type(self).__name__}" style="width: 100%; height: 40rem; border: 0" srcdoc="{page}"></iframe>'
    )

  def _shown(self, how: str) -> str:
    columns = min(1000, max(40, shutil.get_terminal_size((100, 24)).columns))
    command = f"{self._command} --format html" if how == "html" else self._command
    given = {"report": self._json, "format": how, "columns": columns, "command": command}
    return str(call("render", given)).rstrip("\n")
