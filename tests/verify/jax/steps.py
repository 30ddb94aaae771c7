"""Steps that were not written for gc-plan's rules: `gc-plan capture --runtime jax steps.py:NAME --gpu h100-80gb` compiles each."""

import functools

import jax
import jax.numpy as jnp
import numpy as np


def array(*shape, dtype=jnp.float32):
  return jax.ShapeDtypeStruct(shape, dtype)


def mlp(batch=4096):
  """Three layers, momentum, both states donated."""
  sizes = [64, 256, 256, 32]

  def loss(params, x, y):
    for layer, (w, b) in enumerate(params):
      with jax.named_scope(f"layer_{layer}"):
        x = x @ w + b
        x = jax.nn.gelu(x) if layer < len(params) - 1 else x
    return jnp.mean((x - y) ** 2)

  @functools.partial(jax.jit, donate_argnums=(0, 1))
  def step(params, momentum, x, y):
    value, gradients = jax.value_and_grad(loss)(params, x, y)
    with jax.named_scope("sgd"):
      momentum = jax.tree.map(lambda m, g: 0.9 * m + g, momentum, gradients)
      params = jax.tree.map(lambda p, m: p - 1e-3 * m, params, momentum)
    return params, momentum, value

  params = [(array(inputs, outputs), array(outputs)) for inputs, outputs in zip(sizes, sizes[1:])]
  return step, (params, params, array(batch, sizes[0]), array(batch, sizes[-1]))


def recurrent():
  """A scan over time and its transposed scan; only the parameters are donated."""

  def loss(params, x):
    def cell(hidden, x):
      hidden = jnp.tanh(hidden @ params["hidden"] + x @ params["input"])
      return hidden, hidden

    _, hidden = jax.lax.scan(cell, jnp.zeros((x.shape[1], 128)), x)
    return jnp.mean(hidden**2)

  def step(params, x):
    return jax.tree.map(lambda p, g: p - 0.1 * g, params, jax.grad(loss)(params, x))

  return jax.jit(step, donate_argnums=0), ({"hidden": array(128, 128), "input": array(32, 128)}, array(50, 256, 32))


def attention(batch=8):
  """Two recomputed blocks in bf16 with fp32 parameters, Adam with one state of everything, and a table of positions as a constant."""
  width, heads, tokens = 256, 4, 512
  positions = np.sin(np.arange(tokens)[:, None] * np.arange(width)[None, :]).astype(np.float32)

  @jax.checkpoint
  def block(params, x):
    q, k, v = (jnp.reshape(x @ params[name], (batch, tokens, heads, width // heads)) for name in ("q", "k", "v"))
    weights = jax.nn.softmax(jnp.einsum("bqhd,bkhd->bhqk", q, k) / 8)
    x = x + jnp.reshape(jnp.einsum("bhqk,bkhd->bqhd", weights, v), x.shape)
    return x + jax.nn.relu(x @ params["up"]) @ params["down"]

  def loss(params, x):
    params = jax.tree.map(lambda p: p.astype(jnp.bfloat16), params)
    x = (x + positions).astype(jnp.bfloat16)
    for name in sorted(params):
      with jax.named_scope(name):
        x = block(params[name], x)
    return jnp.mean(jnp.square(x.astype(jnp.float32)))

  def step(state, x):
    value, gradients = jax.value_and_grad(loss)(state["params"], x)
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state["first"], gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, state["second"], gradients)
    params = jax.tree.map(lambda p, m, v: p - 1e-3 * m / (jnp.sqrt(v) + 1e-8), state["params"], first, second)
    return {"params": params, "first": first, "second": second, "count": state["count"] + 1}, value

  params = {
      f"block_{i}": {**{name: array(width, width) for name in "qkv"}, "up": array(width, 4 * width), "down": array(4 * width, width)}
      for i in range(2)
  }
  state = {"params": params, "first": params, "second": params, "count": array(dtype=jnp.int32)}
  return jax.jit(step, donate_argnames="state"), (state, array(batch, tokens, width))


def forecast():
  """No gradient, nothing donated, an argument that is not read, one by name."""

  def apply(params, x, unread, *, offset):
    return jax.lax.fori_loop(0, 6, lambda _, x: jnp.tanh(x @ params["w"] + params["b"]) + offset, x)

  return apply, ({"w": array(512, 512), "b": array(512)}, array(1024, 512), array(77)), {"offset": array(512)}


def gradients():
  """Loss and gradients come out; arrays that are there instead of shapes."""
  params = {"w": jnp.zeros((300, 200)), "b": np.zeros(200, np.float32)}
  return jax.jit(jax.value_and_grad(lambda params, x: jnp.mean((x @ params["w"] + params["b"]) ** 2))), (params, np.zeros((5000, 300), np.float32))
