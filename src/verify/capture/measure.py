"""Runs the user's steps on a real card and says what PyTorch and the driver count: `gc-plan capture --device cuda`."""

import os
import subprocess

NUM_STEPS = 3
# Of torch.cuda.memory_stats: what tells fragmentation from need.
STATS = (
    "allocated_bytes.all.peak", "reserved_bytes.all.peak", "active_bytes.all.peak", "requested_bytes.all.peak", "inactive_split_bytes.all.peak",
    "segment.all.peak", "num_alloc_retries", "num_ooms",
)  # fmt: skip


def measure(user_step, file, function, options):
  """→ lines of the format of `gc-plan verify --measured`"""
  import torch

  cuda = torch.cuda
  if not cuda.is_available():
    return {"refused": {"code": "no-card", "message": "--device cuda: PyTorch finds no card here.", "nextSteps": ["leave --device out: capture needs no card", "python -c 'import torch; print(torch.version.cuda)'"]}}
  step = user_step(file, function, options, lambda sentence: None)
  cuda.reset_peak_memory_stats()
  for _ in range(NUM_STEPS):
    step()
  cuda.synchronize()
  stats = cuda.memory_stats()
  free, total = cuda.mem_get_info()
  about = {"version": f"torch {torch.__version__}, CUDA {torch.version.cuda}", "device": cuda.get_device_name(0)}
  lines = [
      {
          "source": "pytorch", **about, "max_memory_allocated": cuda.max_memory_allocated(), "max_memory_reserved": cuda.max_memory_reserved(),
          "memory_stats": {name: stats[name] for name in STATS if name in stats},
      }
  ]  # fmt: skip
  driver = of_this_process()
  if driver is not None:
    lines.append({"source": "nvidia-smi", **about, "memory_used_mib": driver})
  return {"measured": lines, "cardBytes": {"used": total - free, "total": total}}


def of_this_process():
  """What the driver counts for this process, in MiB; None where nvidia-smi does not say (containers, MIG)."""
  command = ["nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"]
  try:
    said = subprocess.run(command, capture_output=True, text=True, timeout=20).stdout
  except (OSError, subprocess.TimeoutExpired):
    return None
  rows = [line.split(",") for line in said.splitlines() if line.count(",") == 1]
  return next((int(used) for pid, used in rows if int(pid) == os.getpid() and used.strip().isdigit()), None)
