"""What JAX itself says of steps.py, without gc-plan's parsing: `python analysis.py src/verify/jax STEPS < card`, one JSON line per step."""

import json
import os
import sys

sys.path[:0] = [sys.argv[1], os.path.join(os.path.dirname(sys.argv[1]), "capture")]
card = json.load(sys.stdin)

import probe

os.environ["XLA_FLAGS"] = probe.compiler_flags({"xlaGemm": "cublas"})
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_SKIP_CUDA_CONSTRAINTS_CHECK"] = "1"

import capture

for name in sys.argv[3:]:
  step, given, keywords = capture.user_step(sys.argv[2], name, {"card": card})
  print(json.dumps({"step": name, **probe.analysis_of(step.lower(*given, **keywords).compile().memory_analysis())}))
