"""The worked example of docs/xla.md, compiled as probe.py compiles DeepMind's step: `python five_products.py PROBE < {recipe, device}`."""

import importlib.util
import json
import sys

spec = importlib.util.spec_from_file_location("probe", sys.argv[1])
probe = importlib.util.module_from_spec(spec)
spec.loader.exec_module(probe)
config = json.load(sys.stdin)
dump = probe.set_environment(config["recipe"])

import jax
import jax.numpy as jnp


def loss(w, x):
  w1, w2 = w
  return jnp.mean((jax.nn.relu(x @ w1) @ w2) ** 2)


def step(w, x):
  return jax.tree.map(lambda p, d: p - 0.1 * d, w, jax.grad(loss)(w, x))


array = lambda *shape: jax.ShapeDtypeStruct(shape, jnp.float32)
w, x = (array(256, 512), array(512, 256)), array(10_000, 256)
probe.report(config["device"], probe.compile_for(config["device"], step, (0,), w, x), dump)
