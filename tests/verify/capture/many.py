"""Captures steps one after another, each in a child of this process, which starts torch once: `many.py CAPTURE_FOLDER` reads lines
`[file, function, trace, options]` and writes what capture.py answers to each."""

import json
import os
import sys
import tempfile

sys.path.insert(0, sys.argv[1])
import capture
import user_code

listener = {}
capture.start(lambda what: listener["use"](what), lambda sentence: listener["note"](sentence), tempfile.mkdtemp())
capture.start = lambda use, note, folder: listener.update(use=use, note=note)

for line in sys.stdin:
  file, function, trace, options = json.loads(line)
  answer = f"{trace}.json"
  child = os.fork()
  if child == 0:
    user_code.answer(answer, lambda: capture.capture(file, function, trace, options), os.getppid())
    os._exit(0)
  os.waitpid(child, 0)
  with open(answer) as made:
    print(json.dumps(json.load(made)), flush=True)
