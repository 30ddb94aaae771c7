"""Reads the arrays of a checkpoint, and writes the checkpoint of a larger model from a plan.

  grow.py inspect FILE                 one JSON object on stdout: format, arrays (name, shape, type), what else the file holds
  grow.py apply FILE PLAN TARGET       PLAN: JSON, as gc-plan derives it (src/models/growing/types.ts)

NumPy for `.npz`, torch for everything else. A file that cannot be read is {"refused": …}.
"""

import json
import os
import sys
import zipfile


class Refused(Exception):
  """(code, message, next steps)"""


def main():
  try:
    command, file = sys.argv[1:3]
    opened = NpzCheckpoint(file) if zipped_arrays(file) else TorchCheckpoint(file)
    if command == "inspect":
      answer = opened.inspect()
    else:
      with open(sys.argv[3]) as plan:
        answer = opened.write(json.load(plan), sys.argv[4])
  except Refused as refused:
    code, message, next_steps = refused.args
    answer = {"refused": {"code": code, "message": message, "nextSteps": next_steps}}
  json.dump(answer, sys.stdout)


def zipped_arrays(file):
  """torch.save writes a zip too, with `data.pkl` in it."""
  if not zipfile.is_zipfile(file):
    if file.endswith(".npz"):
      raise damaged(file, "it is not a zip file, or its end is missing")
    return False
  with zipfile.ZipFile(file) as members:
    names = members.namelist()
  return bool(names) and all(name.endswith(".npy") for name in names)


def damaged(file, reason):
  return Refused(
    "damaged-checkpoint", f"{os.path.basename(file)}: cannot be read as a checkpoint: {reason}.",
    ["give the file as the training code wrote it"],
  )


class NpzCheckpoint:
  """DeepMind's checkpoint.py: one `.npy` for each leaf, `:` between the keys. One array is in memory at a time."""

  def __init__(self, file):
    self.file = file
    try:
      import numpy
    except ImportError:
      raise Refused("numpy-missing", "This Python has no NumPy, which reads .npz.", ["pip install numpy", "--python PATH"])
    self.numpy = numpy

  def inspect(self):
    formats = self.numpy.lib.format
    arrays = []
    with self.reading() as members:
      for name in members.namelist():
        with members.open(name) as stream:
          version = formats.read_magic(stream)
          read = formats.read_array_header_1_0 if version == (1, 0) else formats.read_array_header_2_0
          shape, _, dtype = read(stream)
        arrays.append({"name": name[: -len(".npy")], "shape": list(shape), "type": str(dtype)})
    return {"format": "npz", "arrays": arrays, "dropped": []}

  def write(self, plan, target):
    numpy = self.numpy
    with self.reading() as members, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as out:
      for index, array in enumerate(plan["arrays"]):
        source = None if array.get("from") is None else self.load(members, array["from"]["name"])
        if array["how"] == "copied":
          values = source
        elif array["how"] == "set":
          values = numpy.asarray(array["value"], dtype=source.dtype)
        else:
          dtype = numpy.float32 if source is None else source.dtype
          values = grown(numpy, array, source, plan, index).astype(dtype)
        with out.open(array["name"] + ".npy", "w", force_zip64=True) as stream:
          numpy.lib.format.write_array(stream, numpy.asanyarray(values), allow_pickle=False)
    return {"written": len(plan["arrays"])}

  def reading(self):
    return Reading(self.file)

  def load(self, members, name):
    with members.open(name + ".npy") as stream:
      return self.numpy.lib.format.read_array(stream, allow_pickle=False)


class Reading:
  """A zip whose damage, wherever it shows, is refused by name."""

  def __init__(self, file):
    self.file = file

  def __enter__(self):
    try:
      self.members = zipfile.ZipFile(self.file)
    except (zipfile.BadZipFile, OSError) as error:
      raise damaged(self.file, error)
    return self.members

  def __exit__(self, kind, error, _):
    self.members.close()
    if isinstance(error, (zipfile.BadZipFile, ValueError, EOFError, KeyError)) or kind is not None and "zlib" in str(kind):
      raise damaged(self.file, error) from error


# Where training code keeps the parameters inside what it saves: Lightning, PhysicsNeMo, others.
CONTAINERS = ("state_dict", "model_state_dict", "model", "module")


class TorchCheckpoint:
  """What torch.save wrote: a state_dict, or a dictionary that holds one."""

  def __init__(self, file):
    self.file = file
    try:
      import torch
    except ImportError:
      raise Refused("torch-missing", "This Python has no torch, which reads this file.", ["--python PATH names the Python that has it"])
    self.torch = torch
    self.whole = self.load()
    self.key, self.state = self.find()

  def load(self):
    load = lambda mmap: self.torch.load(self.file, map_location="cpu", weights_only=True, mmap=mmap)
    try:
      try:
        return load(True)
      except (RuntimeError, ValueError) as error:
        # Files of before torch 1.6 are no zip, which cannot be mapped.
        if "mmap" not in str(error):
          raise
        return load(False)
    except Exception as error:
      if "weights_only" in str(error) or "Unsupported" in str(error):
        raise Refused(
          "holds-code", f"{os.path.basename(self.file)}: holds more than arrays, and reading it would run its code.",
          ["in the Python that trained it: torch.save(model.state_dict(), 'model.pt')"],
        )
      raise damaged(self.file, str(error).split("\n")[0])

  def find(self):
    for key in (None, *CONTAINERS):
      state = self.whole if key is None else self.whole.get(key)
      if isinstance(state, dict) and state and all(self.torch.is_tensor(value) for value in state.values()):
        return key, state
      if not isinstance(self.whole, dict):
        break
    raise Refused(
      "no-state-dict", f"{os.path.basename(self.file)}: holds no state_dict ({', '.join(CONTAINERS)}).",
      ["torch.save(model.state_dict(), 'model.pt') writes what is read"],
    )

  def dropped(self):
    """Keys of optimizer states: their arrays have the old shapes."""
    is_state = lambda value: isinstance(value, dict) and {"state", "param_groups"} <= set(value)
    of_optimizers = lambda value: is_state(value) or isinstance(value, (list, tuple)) and any(map(is_state, value))
    return [] if self.key is None else [key for key, value in self.whole.items() if of_optimizers(value)]

  def inspect(self):
    arrays = [{"name": name, "shape": list(value.shape), "type": str(value.dtype)} for name, value in self.state.items()]
    return {"format": "torch", "arrays": arrays, "dropped": self.dropped()}

  def write(self, plan, target):
    import numpy

    state = {}
    for index, array in enumerate(plan["arrays"]):
      source = None if array.get("from") is None else self.state[array["from"]["name"]]
      if array["how"] == "copied":
        state[array["name"]] = source
        continue
      values = grown(numpy, array, None if source is None else source.double().numpy(), plan, index)
      dtype = next(iter(self.state.values())).dtype if source is None else source.dtype
      state[array["name"]] = self.torch.from_numpy(values).to(dtype)
    whole = state
    if self.key is not None:
      dropped = self.dropped()
      whole = {key: value for key, value in self.whole.items() if key not in dropped} | {self.key: state}
    self.torch.save(whole, target)
    return {"written": len(state)}


def grown(numpy, array, source, plan, index):
  """One array of the larger model, in double precision."""
  random = numpy.random.default_rng([plan["seed"], index])
  shape, fan_in = array["shape"], array["fanIn"]
  if source is None:
    return fill(numpy, array["fill"], shape, fan_in, random)
  values = source.astype(numpy.float64)
  if "centre" in array:
    values = values - values.mean(axis=array["centre"], keepdims=True)
  values = values * array.get("scale", 1)
  for stretch in array["stretches"]:
    values = stretched(numpy, values, stretch, fan_in, plan["asymmetry"], random)
  assert list(values.shape) == shape, (array["name"], values.shape, shape)
  return numpy.ascontiguousarray(values)


def fill(numpy, how, shape, fan_in, random):
  if how == "fresh":
    return random.uniform(-1, 1, shape) * numpy.sqrt(3 / fan_in)
  return numpy.full(shape, 1.0 if how == "ones" else 0.0)


def stretched(numpy, values, stretch, fan_in, asymmetry, random):
  """Along one axis, which is equal segments of units: each is copied as a whole, or units are added behind it."""
  axis, segments = stretch["axis"], stretch["segments"]
  before, behind = values.shape[:axis], values.shape[axis + 1 :]
  width = values.shape[axis] // segments
  values = values.reshape(*before, segments, 1, width, *behind)
  if stretch["kind"] == "pad":
    added = (*before, segments, 1, stretch["width"] - width, *behind)
    values = numpy.concatenate([values, fill(numpy, stretch["fill"], added, fan_in, random)], axis=axis + 2)
    return values.reshape(*before, segments * stretch["width"], *behind)
  copies = stretch["copies"]
  values = numpy.repeat(values, copies, axis=axis + 1)
  if stretch["shared"]:
    shares = random.uniform(-asymmetry, asymmetry, values.shape)
    values = values * (1 + shares - shares.mean(axis=axis + 1, keepdims=True)) / copies
  return values.reshape(*before, segments * copies * width, *behind)


if __name__ == "__main__":
  main()
