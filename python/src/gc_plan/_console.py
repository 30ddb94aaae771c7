"""`gc-plan` on the command line: Node takes this process's place, with its streams, its signals and its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from ._node import node, package_file


def main() -> None:
  command = [node(), package_file("bin/run.js"), *sys.argv[1:]]
  if os.name != "nt":
    sys.stdout.flush()
    os.execv(command[0], command)
  # Windows has no exec: Ctrl-C reaches both processes of the console, and the answer to it is Node's.
  signal.signal(signal.SIGINT, signal.SIG_IGN)
  sys.exit(subprocess.call(command))
