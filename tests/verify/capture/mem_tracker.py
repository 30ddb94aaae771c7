"""The peak of live bytes of a step as torch's own MemTracker counts it, beside ours: `python mem_tracker.py CAPTURE_FOLDER FILE FUNCTION …`."""

import contextlib
import json
import os
import sys
import tempfile

os.environ["PYTORCH_NO_CUDA_MEMORY_CACHING"] = "1"  # MemTracker then does not round up to the allocator's blocks.
folder, file, *functions = sys.argv[1:]
sys.path.insert(0, folder)
import capture

unseen = capture.Unseen()
capture.start(unseen.compiled, unseen.note, tempfile.mkdtemp())
import torch
from recorder import Recorder
from torch.distributed._tools.mem_tracker import MemTracker


class NoModules(contextlib.nullcontext):
  """In place of MemTracker's own watch over modules: it takes each once per step, and refuses a backward pass of a backward pass."""

  is_bw = False

  def register_user_hooks(self, *hooks):
    pass

  clear_user_hooks = register_user_hooks


def peaks(function, like_the_card):
  recorder = Recorder(like_the_card=like_the_card)
  with capture.Watch(recorder):
    tracker = MemTracker()
    tracker._mod_tracker = NoModules()
    with tracker:
      step = capture.user_step(file, function, {}, unseen.note)
      for _ in range(2):
        recorder.begin_step()
        step()
  return recorder.peak_bytes, tracker.get_tracker_snapshot("peak")[torch.device("cuda", 0)]["Total"]


for function in functions:
  ours, theirs = peaks(function, like_the_card=False)
  print(json.dumps({"step": function, "recorded": ours, "memTracker": theirs}), flush=True)
