"""
One Node process answers all calls of this Python process, a line of JSON each way (src/cli/session/ of gc-plan). It
starts with the first call, and again where it has died, where this process was forked, or where its folder has
changed: files are named from there. It ends when its standard input closes, which this process's end does, however
it ends.
"""

from __future__ import annotations

import atexit
import io
import itertools
import json
import os
import subprocess
import tempfile
import threading
import warnings
from typing import IO, Any

from ._errors import GcPlanWarning, InputError, InternalError
from ._node import node, package_file


class Ended(Exception):
  """Node ended before it answered."""


class Process:
  """Unbuffered towards Node, so that a fork copies nothing that is still to be written."""

  def __init__(self) -> None:
    self.folder = os.getcwd()
    self.errors: IO[bytes] = tempfile.TemporaryFile()
    self.popen = subprocess.Popen(
      [node(), package_file("dist/cli/session/main.js")],
      bufsize=0,
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      stderr=self.errors,
      # Ctrl-C is for Python, which ends Node if it waits for it.
      start_new_session=os.name != "nt",
      creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    requests, answers = self.popen.stdin, self.popen.stdout
    assert isinstance(requests, io.RawIOBase) and isinstance(answers, io.RawIOBase)
    self.requests: io.RawIOBase = requests
    self.answers: io.BufferedReader = io.BufferedReader(answers, 1 << 16)

  def ask(self, number: int, line: bytes) -> Any:
    rest = memoryview(line)
    try:
      while rest:
        rest = rest[self.requests.write(rest) or 0 :]
    except OSError as error:
      raise Ended() from error
    answer = self.answers.readline()
    if not answer.endswith(b"\n"):
      raise Ended()
    made = json.loads(answer)
    if made["id"] != number:
      raise Ended()
    return made

  def is_of(self, folder: str) -> bool:
    return self.popen.poll() is None and self.folder == folder

  def last_words(self) -> str:
    self.errors.seek(0)
    return self.errors.read()[-2000:].decode(errors="replace").strip()

  def end(self) -> None:
    self.popen.kill()
    self.popen.wait()
    self.close()

  def close(self) -> None:
    for stream in (self.requests, self.answers, self.errors):
      try:
        stream.close()
      except OSError:
        pass

  def forget(self) -> None:
    """In a forked child: the process is the parent's. Its end of the pipes must not stay open here."""
    self.popen.returncode = 0
    self.close()


class Session:
  """Calls of several threads wait for each other: Node computes one after the other."""

  def __init__(self) -> None:
    self.lock = threading.Lock()
    self.process: Process | None = None
    self.numbers = itertools.count(1)

  def ask(self, name: str, given: object) -> Any:
    number = next(self.numbers)
    line = json.dumps({"id": number, "call": name, "input": given}, allow_nan=False).encode() + b"\n"
    with self.lock:
      try:
        return self.ask_twice(number, line)
      except BaseException:
        # Interrupted, or damaged: an answer to this request may still come, and nobody would expect it.
        self.end()
        raise

  def ask_twice(self, number: int, line: bytes) -> Any:
    """A process that died since the last call is not the fault of this one."""
    try:
      return self.running().ask(number, line)
    except Ended:
      self.end()
    process = self.running()
    try:
      return process.ask(number, line)
    except Ended:
      status = process.popen.wait()
      raise InternalError(
        f"Node ended with {status} twice before it answered.\n{process.last_words()}".rstrip()
      ) from None

  def running(self) -> Process:
    folder = os.getcwd()
    if self.process is not None and not self.process.is_of(folder):
      self.end()
    if self.process is None:
      self.process = Process()
    return self.process

  def end(self) -> None:
    process, self.process = self.process, None
    if process is not None:
      process.end()

  def after_fork(self) -> None:
    # Another thread may have held the lock; it is not in this process.
    self.lock = threading.Lock()
    process, self.process = self.process, None
    if process is not None:
      process.forget()


_session = Session()
atexit.register(_session.end)
if hasattr(os, "register_at_fork"):
  os.register_at_fork(after_in_child=_session.after_fork)


def call(name: str, given: object) -> Any:
  """What the library's function `name` gives. Raises InputError, InternalError."""
  try:
    answer = _session.ask(name, given)
  except ValueError as error:
    raise InputError("invalid-input", f"{name}: {error}.") from None
  for warning in answer.get("warnings", ()):
    warnings.warn(warning, GcPlanWarning, stacklevel=4)
  if "error" not in answer:
    return answer["result"]
  failure = answer["error"]
  if answer.get("bug"):
    raise InternalError("\n".join([failure["message"], *failure["nextSteps"]]))
  raise InputError(failure["code"], failure["message"], failure["nextSteps"])
