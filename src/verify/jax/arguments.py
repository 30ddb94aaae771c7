"""What each argument of a traced step is: parameter, optimizer state or data. JAX does not say so; the program does."""


class Arguments:
  """By the name that the compiled program has them under, e.g. params['head']['w'].

  A state is an argument that is donated, or whose tree is among the results. Of a step that differentiates, what it reads of the state
  while it does so are parameters, and the rest of the state is the optimizer's; of one that does not, its first argument is the
  parameters if it is a tree.
  """

  def __init__(self, traced):
    import jax

    jaxpr = traced.jaxpr.jaxpr
    lowered_arguments = getattr(traced, "args_info", None)
    leaves = jax.tree_util.tree_flatten_with_path(lowered_arguments)[0]
    self.names = list(jaxpr.debug_info.arg_names)
    self.is_training = differentiates(jaxpr)
    read = read_in_loss(jaxpr)
    positional, keyword = lowered_arguments
    of_argument = {**{("0", str(i)): each for i, each in enumerate(positional)}, **{("1", key): each for key, each in keyword.items()}}
    results = trees_in(traced.out_info)
    # Each leaf's place: which argument it belongs to.
    places = [(str(path[0].idx), str(getattr(path[1], "idx", getattr(path[1], "key", "")))) for path, _ in leaves]
    state = {place for place, each in of_argument.items() if is_state(each, results)}
    first = places[0] if places else None
    first_is_tree = sum(place == first for place in places) > 1
    self.category, self.bytes, self.shape = {}, {}, {}
    self.of_state = bool(state)
    for index, (name, place, (_, leaf)) in enumerate(zip(self.names, places, leaves)):
      is_parameter = index in read and place in state if self.is_training and state else place == first and first_is_tree
      self.category[name] = "parameter" if is_parameter else "optimizer" if self.is_training and place in state else "input"
      self.bytes[name] = leaf.dtype.itemsize * size(leaf.shape)
      self.shape[name] = tuple(leaf.shape)

  def sentence(self):
    """Which argument counts as what; one that is both is named with its parts."""
    kinds = {}
    for name, category in self.category.items():
      kinds.setdefault(argument_of(name), set()).add(category)
    roles = {}
    for name, category in self.category.items():
      argument = argument_of(name)
      part = ".".join(part for part in name[len(argument) :].replace("['", ".").replace("[", ".").split(".")[1:2])
      roles.setdefault(category, []).append(argument if len(kinds[argument]) == 1 else f"{argument}.{part.rstrip(chr(39) + ']')}")
    said = [f"{', '.join(dict.fromkeys(names))} as {words}" for category, words in WORDS.items() if (names := roles.get(category))]
    return f"Counted: {'; '.join(said)}." if said else "It has no arguments."

  def unread(self, names):
    """Arguments, or parts of them, that the program does not take."""
    return [name for name in self.names if name not in names]

  def module(self, name):
    """Where it stands in its tree, without its own name: params['layers'][0]['w'] is of layers.0."""
    category = self.category.get(name, "input")
    if category != "parameter":
      return {"optimizer": "optimizer"}.get(category, "inputs")
    return ".".join(keys_of(name)[:-1])


WORDS = {"parameter": "parameters", "optimizer": "optimizer state", "input": "data"}


def size(shape):
  product = 1
  for each in shape:
    product *= each
  return product


def argument_of(name):
  return name.split("[")[0].split(".")[0]


def keys_of(name):
  """params['a'][0].w → a, 0, w"""
  rest = name[len(argument_of(name)) :]
  for mark in ("['", "[\"", "[", "']", "\"]", "]"):
    rest = rest.replace(mark, ".")
  return [part for each in rest.split(".") for part in each.split("/") if part and part not in ("params", "~")]


def trees_in(results):
  """The results, and what tuples of them hold."""
  found, rows = [], [results]
  for _ in range(2):
    rows = [inner for each in rows if isinstance(each, (tuple, list)) for inner in each]
    found += rows
  return [results, *found]


def is_state(argument, results):
  import jax

  leaves, tree = jax.tree_util.tree_flatten(argument)
  if not leaves:
    return False
  if all(leaf.donated for leaf in leaves):
    return True
  # One array may look like a result by chance.
  if len(leaves) == 1:
    return False
  like = lambda each: [(tuple(leaf.shape), leaf.dtype) for leaf in jax.tree_util.tree_leaves(each)]
  return any(jax.tree_util.tree_structure(result) == tree and like(result) == like(argument) for result in results)


def differentiates(jaxpr):
  return any(is_in(eqn, "transpose") or any(differentiates(inner) for inner in inner_of(eqn)) for eqn in jaxpr.eqns)


def is_in(eqn, transformation):
  return f"{transformation}(" in str(eqn.source_info.name_stack)


def inner_of(eqn):
  """Programs within an operation (jit, scan, while, cond, remat)."""
  found = []
  for parameter in eqn.params.values():
    for each in parameter if isinstance(parameter, (tuple, list)) else (parameter,):
      each = getattr(each, "jaxpr", each)
      if hasattr(each, "eqns"):
        found.append(each)
  return found


def read_in_loss(jaxpr):
  """Positions of the arguments that an operation of the differentiated function reads, or their casts."""
  from_argument = {variable: index for index, variable in enumerate(jaxpr.invars)}
  found = set()
  for eqn in jaxpr.eqns:
    read = [from_argument.get(variable) if not hasattr(variable, "val") else None for variable in eqn.invars]
    if is_in(eqn, "jvp") or is_in(eqn, "transpose"):
      found.update(index for index in read if index is not None)
    elif eqn.primitive.name == "convert_element_type" and read[0] is not None:
      from_argument[eqn.outvars[0]] = read[0]
    else:
      for inner in inner_of(eqn):
        # A loop's constants and carry, and a branch's operands, are its last.
        passed = read[len(read) - len(inner.invars) :] if len(inner.invars) <= len(read) else []
        found.update(passed[position] for position in read_in_loss(inner) if position < len(passed) and passed[position] is not None)
  return found
