"""Writes a gc-plan/trace@1 file (docs/trace.md). The standard library only: whoever records a step, in whichever framework, writes it here."""

import gzip
import json

# Rows of a line: a reader holds one line at a time.
ROWS = 10_000


def write(path, recorder, head):
  """The head, then columns of buffers, events and marks, then the peak as a check. The order of keys is the format's."""
  tables = {name: Table() for name in ("dtypes", "shapes", "operations", "modules")}
  rows = {
      "bytes": recorder.bytes,
      "dtype": [tables["dtypes"].index(each) for each in recorder.dtypes],
      "shape": [tables["shapes"].index(each) for each in recorder.shapes],
      "operation": [tables["operations"].index(each) for each in recorder.operations],
      "module": [tables["modules"].index(each or "other") for each in recorder.modules],
      "category": [CATEGORIES.index(each) for each in recorder.categories],
  }
  keys = ("firstEvent", "endEvent", "flops", "inputs", "outputs", "firstSave", "endSave", "lastSaveEvent")
  calls = [{"module": tables["modules"].index(module or "other"), **dict(zip(keys, call))} for module, *call in recorder.calls]
  with gzip.GzipFile(path, "wb", compresslevel=6, mtime=0) as file:
    line = lambda value: file.write(json.dumps(value, separators=(",", ":")).encode() + b"\n")
    line(head)
    for name, table in tables.items():
      for first in range(0, len(table.rows), ROWS):
        line({name: table.rows[first : first + ROWS]})
    for first in range(0, len(recorder.bytes), ROWS):
      line({"buffers": {name: column[first : first + ROWS] for name, column in rows.items()}})
    for first in range(0, len(recorder.events), ROWS):
      line({"events": recorder.events[first : first + ROWS]})
    for first in range(0, len(calls), ROWS):
      line({"calls": calls[first : first + ROWS]})
    # What is not let go of before the last event is never.
    within = lambda event: head["numEvents"] if event is None else min(event, head["numEvents"])
    for first in range(0, len(recorder.saves), ROWS):
      buffer, *columns = zip(*recorder.saves[first : first + ROWS])
      columns = ([*map(within, column)] for column in columns)
      line({"saves": {"buffer": buffer, **dict(zip(("neededAt", "usedAt", "goneAt"), columns))}})
    for first in range(0, len(recorder.releases), ROWS):
      buffer, event = zip(*recorder.releases[first : first + ROWS])
      line({"releases": {"buffer": buffer, "event": [*map(within, event)]}})
    for first in range(0, len(recorder.marks), ROWS):
      line({"marks": recorder.marks[first : first + ROWS]})
    line({"end": {"peakLiveBytes": recorder.peak_bytes}})


CATEGORIES = ("parameter", "gradient", "optimizer", "input", "activation", "temporary")


class Table:
  def __init__(self):
    self.rows, self.at = [], {}

  def index(self, value):
    if value not in self.at:
      self.at[value] = len(self.rows)
      self.rows.append(value)
    return self.at[value]
