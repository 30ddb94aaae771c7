"""XLA's buffer assignment as a list of allocations and frees: what XLA:GPU writes with --xla_dump_to. The standard library only.

Three parts of the text are read: allocations with the values that lie in them, each value's instruction and readers, and the live range
of every value in the order of the schedule. Newer jaxlibs write the parts to files of their own.
"""

import os
import re

ALLOCATION = re.compile(r"^allocation \d+: size (\d+), (.*):$")
VALUE = re.compile(r"^ value: <\d+ (\S+?)(?: \(phi\))? @(\d+)> \(size=(\d+),offset=(\d+)\): (.*)$")
USED = re.compile(r"^<\d+ (\S+?)(?: \(phi\))? @\d+>")
RANGE = re.compile(r"^    (\S+):(\d+)-(\d+)$")
# Memory of the host, which values are offloaded to (xla/service/hlo_value.h: kHostMemorySpaceColor).
HOST = "5"


def read(file, analysis):
  """@raises AssertionError where what XLA says of the program in all is not what its allocations add up to"""
  text = ""
  for part in ("buffer-assignment", "buffer-assignment-values", "live-range"):
    name = file.replace("-buffer-assignment.txt", f"-{part}.txt")
    if os.path.exists(name):
      with open(name, encoding="utf-8") as lines:
        text += lines.read() + "\n"
  program = Assignment(text)
  if analysis is not None:
    counted = dict(
        argumentBytes=program.argument_bytes, outputBytes=program.output_bytes, aliasBytes=program.alias_bytes, temporaryBytes=program.temporary_bytes)
    assert counted == analysis, f"XLA's analysis says {analysis}, its allocations add up to {counted}"
  return program


class Assignment:
  """What the text says, with one name for each value: instruction{index}."""

  def __init__(self, text):
    self.allocations, self.instructions, self.readers, self.ranges, self.sequence = [], {}, {}, {}, []
    used = None
    for line in text.split("\n"):
      if match := ALLOCATION.match(line):
        self.allocations.append(Allocation(int(match[1]), match[2]))
      elif match := VALUE.match(line):
        name, color, num_bytes, offset, shape = match.groups()
        self.allocations[-1].values.append(Value(braced(name), color, int(num_bytes), int(offset), shape, " (phi) @" in line))
      elif match := USED.match(line):
        used = braced(match[1])
        self.readers[used] = []
      elif used is not None and line.startswith("  ") and ", operand " in line:
        self.readers[used].append(line.strip().split(",")[0].split(" ")[0])
      elif line.startswith(" from instruction: "):
        self.instructions[used.split("{")[0]] = line[len(" from instruction: ") :]
      elif match := RANGE.match(line):
        self.ranges[braced(match[1])] = int(match[2]), int(match[3])
      elif match := re.match(r"^    \d+:(\S+)$", line):
        self.sequence.append(match[1])

  def total(self, *marks):
    return sum(each.bytes for each in self.allocations if all(mark in each.what for mark in marks))

  @property
  def argument_bytes(self):
    return self.total("parameter ")

  @property
  def output_bytes(self):
    return self.total("maybe-live-out")

  @property
  def alias_bytes(self):
    """Results that are written over a donated argument."""
    return self.total("parameter ", "maybe-live-out")

  @property
  def temporary_bytes(self):
    return self.total("preallocated-temp")

  @property
  def constant_bytes(self):
    return sum(each.bytes for each in self.allocations if each.what.startswith("constant"))


braced = lambda name: name if name.endswith("}") else name + "{}"


class Allocation:
  def __init__(self, num_bytes, what):
    self.bytes, self.what, self.values = num_bytes, what, []
    self.is_argument = "parameter " in what
    self.is_result = "maybe-live-out" in what
    self.is_arena = "preallocated-temp" in what


class Value:
  def __init__(self, name, color, num_bytes, offset, shape, is_phi):
    self.name, self.color, self.bytes, self.offset, self.shape, self.is_phi = name, color, num_bytes, offset, shape, is_phi

  @property
  def instruction(self):
    return self.name.split("{")[0]


class Program:
  """The trace: arguments stay, results that are no donated argument are there while the program runs, and so is every array of the arena
  from the instruction that writes it to the last that reads it. Where the arrays of the arena are most, what the arena is larger by is one
  more: the whole is what XLA allocates."""

  def __init__(self, assignment, known):
    self.assignment, self.known = assignment, known
    self.bytes, self.dtypes, self.shapes, self.operations, self.modules, self.categories = [], [], [], [], [], []
    self.events, self.calls, self.marks, self.notes = [], [], [{"phase": "setup", "firstEvent": 0}], []
    # No autograd: XLA's program holds both passes.
    self.saves, self.releases = [], []
    self.live_bytes = self.peak_bytes = 0
    # Names of the arguments that the program takes.
    self.taken = set()
    self.phases()
    for each in assignment.allocations:
      if each.is_argument:
        self.argument(each)
    self.last_step_first_event = len(self.events)
    results = [self.result(each) for each in assignment.allocations if each.is_result and not each.is_argument]
    self.run([Array(value, *assignment.ranges[value.name]) for each in assignment.allocations if each.is_arena for value in self.own_values(each)])
    for buffer in results:
      self.free(buffer)
    self.say_what_was_changed()

  # The schedule

  def phases(self):
    """Where the backward pass and the update begin: XLA mixes them, and these are the cuts with the fewest on the wrong side."""
    kinds = [self.kind(name) for name in self.assignment.sequence]
    self.backward_at = best_cut(kinds, "forward", "backward") if "backward" in kinds else len(kinds)
    self.optimizer_at = self.backward_at + best_cut(kinds[self.backward_at :], "backward", "optimizer")

  def kind(self, instruction):
    path = self.path(instruction)
    if path == "":
      return None
    return "backward" if "transpose(" in path else "forward" if "jvp(" in path else "optimizer"

  def is_workspace(self, value):
    return "custom_call_target=" in self.assignment.instructions.get(value.instruction, "") and re.match(r"[su]8\[", value.shape)

  def path(self, instruction):
    """JAX's name of what it computes: jit(step)/transpose(jvp(layer))/dot_general."""
    match = re.search(r'op_name="([^"]*)"', self.assignment.instructions.get(instruction, ""))
    path = match[1] if match else ""
    return path if "/" in path else ""

  def own_values(self, arena):
    """Those that take place on the card; XLA gives some of them a place and no time."""
    return [each for each in arena.values if each.name in self.assignment.ranges and each.color != HOST]

  # Arrays

  def argument(self, allocation):
    value = next((each for each in allocation.values if self.is_parameter(each.instruction)), allocation.values[0])
    match = re.search(r'op_name="([^"]*)"', self.assignment.instructions.get(value.instruction, ""))
    name = (match[1] if match else "").replace("\\'", "'")
    self.taken.add(name)
    self.make(allocation.bytes, value.shape, name or value.instruction, self.known.module(name), self.known.category.get(name, "input"))

  def is_parameter(self, instruction):
    return " parameter(" in self.assignment.instructions.get(instruction, "")

  def result(self, allocation):
    """Named by what is written into it last."""
    ranges = self.assignment.ranges
    value = max(allocation.values, key=lambda each: ranges.get(each.name, (0, 0)))
    is_gradient = self.kind(value.instruction) == "backward" and plain(value.shape)[1] in self.shapes_of_parameters()
    return self.make(allocation.bytes, value.shape, self.operation(value), self.module(value.instruction), "gradient" if is_gradient else "temporary")

  def shapes_of_parameters(self):
    return {lengths for name, lengths in self.known.shape.items() if self.known.category[name] == "parameter"}

  def make(self, num_bytes, shape, operation, module, category):
    dtype, lengths = plain(shape)
    for column, value in zip(
        (self.bytes, self.dtypes, self.shapes, self.operations, self.modules, self.categories),
        (num_bytes, dtype, lengths, operation[:900], (module or "other")[:900], category)):
      column.append(value)
    self.events.append(len(self.bytes))
    self.live_bytes += num_bytes
    self.peak_bytes = max(self.peak_bytes, self.live_bytes)
    return len(self.bytes) - 1

  def free(self, buffer):
    self.events.append(-buffer - 1)
    self.live_bytes -= self.bytes[buffer]

  def run(self, arrays):
    arrays = joined(arrays)
    steps = sorted({each.first for each in arrays})
    fullest, most = fullest_step(arrays)
    # At the step at which most is alive, before its last array: the peak is then that array's.
    gap = self.assignment.temporary_bytes - most
    assert gap >= 0, f"arrays of {most} bytes in an arena of {self.assignment.temporary_bytes}"
    begin, alive = {}, []
    for each in arrays:
      begin.setdefault(each.first, []).append(each)
    marks = {"forward": 0, "backward": self.backward_at, "optimizer": self.optimizer_at}
    for step in steps:
      for each in [each for each in alive if each.last < step]:
        alive.remove(each)
        self.free(each.buffer)
      self.mark(max((phase for phase, at in marks.items() if at <= step), key=lambda phase: marks[phase]))
      for position, each in enumerate(begin[step]):
        is_last = position == len(begin[step]) - 1
        filler = self.make(gap, "gap[]", "XLA’s arena: what lies between its arrays", "other", "temporary") if step == fullest and is_last and gap > 0 else None
        each.buffer = self.make(each.value.bytes, each.value.shape, self.operation(each.value), self.module(each.value.instruction), self.category(each))
        alive.append(each)
        if filler is not None:
          self.free(filler)
    if not arrays:
      self.mark("forward")
    for each in alive:
      self.free(each.buffer)

  def mark(self, phase):
    if self.marks[-1]["phase"] == phase:
      return
    if self.marks[-1]["firstEvent"] == len(self.events):
      self.marks.pop()
    self.marks.append({"phase": phase, "firstEvent": len(self.events)})

  def category(self, array):
    kind = self.kind(array.value.instruction)
    if array.value.shape.startswith("(") or self.is_workspace(array.value):
      return "temporary"
    is_replayed = "/rematted_computation/" in self.path(array.value.instruction)
    if is_replayed or array.first < self.backward_at <= array.last and kind != "backward":
      return "activation"
    is_read_by_update = any(self.kind(reader) == "optimizer" for reader in self.assignment.readers.get(array.value.name, ()))
    if kind == "backward" and is_read_by_update and plain(array.value.shape)[1] in self.shapes_of_parameters():
      return "gradient"
    return "temporary"

  def operation(self, value):
    """What people know: JAX's operation, and XLA's instruction behind it."""
    text = self.assignment.instructions.get(value.instruction, "")
    # The last of a fused product is often the transposition of a gradient.
    last = "dot_general" if 'custom_call_target="__cublas' in text else self.path(value.instruction).split("/")[-1]
    opcode = re.search(r"[\]})] ([a-z][\w-]*)\(", text)
    what = last or (opcode[1] if opcode else "array")
    backward = "transpose: " if self.kind(value.instruction) == "backward" else ""
    workspace = " (workspace)" if self.is_workspace(value) else ""
    return f"{backward}{what}{workspace} · {value.instruction}"

  def module(self, instruction):
    """jit(step)/transpose(jvp(mlp))/~/linear_0/dot_general is of mlp.linear_0; what recomputes says its scope twice."""
    parts = self.path(instruction).split("/")[1:-1]
    names = [name for part in parts if (name := unwrapped(part)) and name not in CONTROL and "->" not in name]
    return ".".join(name for name, before in zip(names, [None, *names]) if name != before)

  def parameters(self):
    names = [name for name, category in self.known.category.items() if category == "parameter"]
    count = 0
    for name in names:
      product = 1
      for each in self.known.shape[name]:
        product *= each
      count += product
    return {"count": count, "bytes": sum(self.known.bytes[name] for name in names)}

  def say_what_was_changed(self):
    if unread := self.known.unread(self.taken):
      self.notes.append(f"Not read, and so not in the program: {', '.join(unread[:10])}{' …' if len(unread) > 10 else ''}.")
    recomputed = [name for name in self.assignment.sequence if ".remat" in name]
    if recomputed:
      self.notes.append(f"XLA itself recomputes {len(recomputed)} instructions, so that the program goes into this card.")
    if any(each.color == HOST for allocation in self.assignment.allocations for each in allocation.values):
      self.notes.append("Arrays that are offloaded to the host are not in the trace.")
    if any("__cudnn$conv" in text for text in self.assignment.instructions.values()):
      self.notes.append("cuDNN’s convolutions are compiled with the workspace of their default algorithm: a card tries several.")


class Array:
  """A value of the arena and the first and last instruction at which it is there."""

  def __init__(self, value, first, last):
    self.value, self.first, self.last, self.buffer = value, first, last, None


def joined(arrays):
  """A loop's state is one array through all its iterations; what is written over an array ends it."""
  kept = []
  at_offset = {}
  for each in sorted(arrays, key=lambda each: (each.first, each.last)):
    same = at_offset.get((each.value.offset, each.value.bytes))
    if same is not None and same.last >= each.first and (each.value.is_phi or same.phi):
      same.last, same.phi = max(same.last, each.last), each.value.is_phi
      continue
    each.phi = each.value.is_phi
    at_offset[each.value.offset, each.value.bytes] = each
    kept.append(each)
  alive, result = [], []
  for each in kept:
    alive = [other for other in alive if other.last >= each.first]
    begin, end = each.value.offset, each.value.offset + each.value.bytes
    over = [other for other in alive if other.value.offset < end and begin < other.value.offset + other.value.bytes]
    for other in over:
      other.last = each.first - 1
    alive = [other for other in alive if other.last >= each.first]
    result = [other for other in result if other.last >= other.first]
    alive.append(each)
    result.append(each)
  return [each for each in result if each.last >= each.first]


def fullest_step(arrays):
  change = {}
  for each in arrays:
    change[each.first] = change.get(each.first, 0) + each.value.bytes
    change[each.last + 1] = change.get(each.last + 1, 0) - each.value.bytes
  live = most = 0
  fullest = None
  begins = {each.first for each in arrays}
  for step in sorted(change):
    live += change[step]
    if step in begins and live > most:
      most, fullest = live, step
  return fullest, most


def best_cut(kinds, left, right):
  """Where fewest of `right` stand before it and fewest of `left` behind."""
  wrong = least = sum(kind == left for kind in kinds)
  cut = 0
  for position, kind in enumerate(kinds, 1):
    wrong += (kind == right) - (kind == left)
    if wrong < least:
      least, cut = wrong, position
  return cut


def plain(shape):
  """f32[4096,256]{1,0} → float32, (4096, 256); a tuple is a table of addresses."""
  match = re.match(r"^(\w+)\[([\d,<=]*)\]", shape)
  if match is None:
    return "tuple", ()
  name = DTYPES.get(match[1], match[1])
  return name, tuple(int(each.lstrip("<=")) for each in match[2].split(",") if each)


DTYPES = {
    "f64": "float64", "f32": "float32", "f16": "float16", "bf16": "bfloat16", "s64": "int64", "s32": "int32", "s16": "int16", "s8": "int8",
    "u64": "uint64", "u32": "uint32", "u16": "uint16", "u8": "uint8", "pred": "bool", "c64": "complex64",
}
# Parts of a name that are no module.
CONTROL = {"while", "body", "cond", "scan", "closed_call", "checkpoint", "remat", "rematted_computation", "custom_jvp_call", "custom_vjp_call", "pjit", "~", "shard_map"}


def unwrapped(part):
  """transpose(jvp(layer)) → layer; jit(gelu) is a function and no module."""
  while match := re.match(r"^(\w+)\((.*)\)$", part):
    if match[1] in ("jit", "pjit"):
      return ""
    part = match[2]
  return part
