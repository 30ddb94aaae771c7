"""One Node process for a Python process: quick in a loop, safe under threads and forks, never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import gc_plan
from gc_plan import _session

posix = pytest.mark.skipif(os.name == "nt", reason="signals and forks of POSIX")


def process() -> _session.Process:
  """Node's, which runs once something was asked."""
  gc_plan.estimate("tiny")
  running = _session._session.process
  assert running is not None
  return running


def wait_for(happened: Callable[[], bool]) -> None:
  end = time.monotonic() + 20
  while not happened():
    assert time.monotonic() < end, "it did not happen"
    time.sleep(0.02)


def is_alive(pid: int) -> bool:
  try:
    os.kill(pid, 0)
  except ProcessLookupError:
    return False
  stat = Path(f"/proc/{pid}/stat")
  # One that nobody has waited for yet has ended all the same.
  return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_thousand_estimates_are_answered_by_one_process() -> None:
  pid = process().popen.pid
  widths = [64 + 8 * (number % 50) for number in range(1000)]
  peaks = [gc_plan.estimate("tiny", hidden_dim=width).memory.peak_live_bytes for width in widths]
  assert process().popen.pid == pid
  assert peaks[50:100] == peaks[:50]
  assert sorted(peaks[:50]) == peaks[:50]


def test_a_process_that_was_killed_is_started_again() -> None:
  expected = gc_plan.estimate("tiny").memory
  before = process().popen
  before.kill()
  assert gc_plan.estimate("tiny").memory == expected
  assert process().popen.pid != before.pid


def test_a_process_that_dies_of_every_request_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
  monkeypatch.setattr(_session, "node", lambda: sys.executable)
  session = _session.Session()
  with pytest.raises(gc_plan.InternalError, match="(?s)twice.*SyntaxError"):
    session.ask("estimate", {"model": "tiny"})
  assert session.process is None


def test_a_line_that_is_no_request_is_answered_and_ends_nothing() -> None:
  running = process()
  unknown, strange = b'{"id": 7, "call": "format", "input": {}}', b'{"id": 8, "call": "estimate", "more": 1}'
  for line in (b"damaged", b"[]", unknown, strange):
    running.requests.write(line + b"\n")
    answer = running.answers.readline()
    assert b'"code":"invalid-request"' in answer, answer
  assert gc_plan.estimate("tiny").verdict.kind == "unknown"
  assert process().popen.pid == running.popen.pid


def test_threads_get_their_own_answers() -> None:
  widths = list(range(16, 16 + 8 * 24, 8))
  expected = [gc_plan.estimate("tiny", hidden_dim=width).parameters.count for width in widths]
  with ThreadPoolExecutor(8) as pool:
    found = list(pool.map(lambda width: gc_plan.estimate("tiny", hidden_dim=width).parameters.count, widths))
  assert found == expected


@posix
def test_a_fork_starts_its_own_process_and_leaves_the_parents_alone() -> None:
  parent = process().popen.pid
  reading, writing = os.pipe()
  child = os.fork() if sys.version_info < (3, 12) else fork_quietly()
  if child == 0:
    peak = gc_plan.estimate("tiny", hidden_dim=128).memory.peak_live_bytes
    os.write(writing, f"{process().popen.pid} {peak}".encode())
    _session._session.end()
    os._exit(0)
  os.waitpid(child, 0)
  pid, peak = map(int, os.read(reading, 100).split())
  assert pid != parent
  assert gc_plan.estimate("tiny", hidden_dim=128).memory.peak_live_bytes == peak
  assert process().popen.pid == parent
  assert not is_alive(pid)


def fork_quietly() -> int:
  import warnings

  with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    return os.fork()


def test_files_are_looked_for_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
  gc_plan.estimate("tiny")
  monkeypatch.chdir(tmp_path)
  Path("cards.json").write_text('{"l4": 0.5}')
  cards = gc_plan.cards("tiny", prices="cards.json").cards
  assert {card.device.name: card.price_per_hour for card in cards if card.price_per_hour} == {"l4": 0.5}
  assert process().folder == str(tmp_path)


@posix
def test_ctrl_c_ends_the_question_and_the_next_one_is_answered() -> None:
  process()
  interrupt = threading.Timer(0.7, lambda: os.kill(os.getpid(), signal.SIGINT))
  interrupt.start()
  with pytest.raises(KeyboardInterrupt):
    gc_plan.sweep("graphcast-small", vram="24GB", hidden_dim="64..4096:8", layers="4..64", all=True)
  assert gc_plan.estimate("tiny").verdict.kind == "unknown"


LONG = """
import gc_plan, sys
from gc_plan import _session
gc_plan.estimate("tiny")
print(_session._session.process.popen.pid, flush=True)
if "busy" in sys.argv:
  gc_plan.sweep("graphcast-small", vram="24GB", hidden_dim="64..4096:8", layers="4..64", all=True, workers=1)
sys.stdin.read()
"""


@posix
@pytest.mark.parametrize("state", ["idle", "busy"])
def test_node_ends_with_python_also_where_that_is_killed_in_the_middle_of_an_answer(state: str) -> None:
  python = subprocess.Popen([sys.executable, "-c", LONG, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
  assert python.stdout is not None and python.stdin is not None
  pid = int(python.stdout.readline())
  time.sleep(0.5)
  assert is_alive(pid)
  python.kill()
  python.wait()
  wait_for(lambda: not is_alive(pid))
  python.stdin.close()
  python.stdout.close()


def test_python_ends_at_once_with_a_session_open() -> None:
  program = 'import gc_plan; print(gc_plan.estimate("tiny").verdict.kind)'
  done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60)
  assert (done.stdout, done.stderr, done.returncode) == ("unknown\n", "", 0)
