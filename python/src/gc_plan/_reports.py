"""Reports as dataclasses. Written by scripts/python-types.mjs from schemas/*.json: change those, not this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Literal, TypedDict, TypeVar, Union

from ._report import Json, Report

Value = TypeVar("Value")
Lists = Union[Value, Sequence[Value], str, None]


@dataclass(frozen=True, kw_only=True)
class Tool:
  name: Literal["gc-plan"]
  version: str

  @classmethod
  def _of(cls, json: Json) -> Tool:
    return cls(name=json["name"], version=json["version"])


@dataclass(frozen=True, kw_only=True)
class Grid:
  latitudes: int
  longitudes: int
  kind: Literal["poles", "no-poles", "cut", "physicsnemo", "octahedral", "classic"]

  @classmethod
  def _of(cls, json: Json) -> Grid:
    return cls(latitudes=json["latitudes"], longitudes=json["longitudes"], kind=json["kind"])


@dataclass(frozen=True, kw_only=True)
class Counts:
  grid_nodes: int
  mesh_nodes: int
  mesh_edges: int
  grid2mesh_edges: int
  mesh2grid_edges: int

  @classmethod
  def _of(cls, json: Json) -> Counts:
    return cls(grid_nodes=json["gridNodes"], mesh_nodes=json["meshNodes"], mesh_edges=json["meshEdges"], grid2mesh_edges=json["grid2meshEdges"], mesh2grid_edges=json["mesh2gridEdges"])


@dataclass(frozen=True, kw_only=True)
class Model:
  name: str
  layout: Literal["jax", "physicsnemo", "anemoi-graphtransformer", "anemoi-gnn", "anemoi-transformer", "anemoi-point-wise", "graph-weather", "neural-lam", "gencast", "weathernext2"]
  """Which code base’s networks."""
  hidden_dim: int
  """Width of every latent row. Activations grow linearly with it, parameters quadratically."""
  layers: int
  """Message-passing layers of the processor, weights not shared. Parameters and processor activations grow linearly."""
  mesh_level: int
  """Refinements of the icosahedron (graph-weather: H3 resolution). +1 quadruples mesh nodes and edges."""
  mlp_hidden_layers: int
  """Hidden layers of each MLP. Each one adds two kept arrays per row in PyTorch, and hidden-dim² parameters per MLP."""
  input_channels: int
  """Width of one grid row as the network reads it (DeepMind: with 3 structural features)."""
  output_channels: int
  """Width of one predicted grid row. Predictions, targets and the loss grow with it."""
  radius_fraction: float
  """grid2mesh radius ÷ longest edge of the finest mesh. Encoder edges grow with its square."""
  processor: Literal["interaction", "attention", "gated", "gated-edges", "transformer", "point-wise"]
  """Processor layer: interaction network, graph transformer, residual gated graph convolution without or with edge features, transformer over the rows of the mesh, or an MLP of each row; only the first keeps edge state."""
  heads: int
  """Attention heads; must divide hidden-dim. A few bytes per edge and head."""
  mlp_ratio: float
  """Width of the attention layer’s MLP ÷ hidden-dim. Two kept arrays of that width per mesh node."""
  attention_backend: Literal["pyg", "triton"]
  """anemoi’s attention kernels. triton keeps one array per edge, pyg three."""
  grid: Grid
  counts: Counts | None = None
  """A graph of one’s own, typed; it wins over grid, mesh level and radius."""
  pressure_levels: int | None = None
  mesh: Grid | None = None
  """A latent mesh of a reduced Gaussian grid’s points; it wins over the mesh level."""
  own: Mapping[str, str | float | bool] | None = None
  """Values of the options that only its code base has."""

  @classmethod
  def _of(cls, json: Json) -> Model:
    return cls(name=json["name"], layout=json["layout"], hidden_dim=json["hiddenDim"], layers=json["layers"], mesh_level=json["meshLevel"], mlp_hidden_layers=json["mlpHiddenLayers"], input_channels=json["inputChannels"], output_channels=json["outputChannels"], radius_fraction=json["radiusFraction"], processor=json["processor"], heads=json["heads"], mlp_ratio=json["mlpRatio"], attention_backend=json["attentionBackend"], grid=Grid._of(json["grid"]), counts=Counts._of(json["counts"]) if "counts" in json else None, pressure_levels=json.get("pressureLevels"), mesh=Grid._of(json["mesh"]) if "mesh" in json else None, own=json.get("own"))


@dataclass(frozen=True, kw_only=True)
class ProcessorNone:
  kind: Literal["none"]

  @classmethod
  def _of(cls, json: Json) -> ProcessorNone:
    return cls(kind=json["kind"])


@dataclass(frozen=True, kw_only=True)
class ProcessorEvery:
  kind: Literal["every"]
  layers: int

  @classmethod
  def _of(cls, json: Json) -> ProcessorEvery:
    return cls(kind=json["kind"], layers=json["layers"])


@dataclass(frozen=True, kw_only=True)
class ProcessorSegments:
  kind: Literal["segments"]
  segments: int

  @classmethod
  def _of(cls, json: Json) -> ProcessorSegments:
    return cls(kind=json["kind"], segments=json["segments"])


Processor = Union[ProcessorNone, ProcessorEvery, ProcessorSegments]


def _processor(json: Json) -> Processor:
  if json["kind"] in ("none",):
    return ProcessorNone._of(json)
  if json["kind"] in ("every",):
    return ProcessorEvery._of(json)
  return ProcessorSegments._of(json)


@dataclass(frozen=True, kw_only=True)
class EdgesScanOrLoop:
  kind: Literal["scan", "loop"]
  blocks: int

  @classmethod
  def _of(cls, json: Json) -> EdgesScanOrLoop:
    return cls(kind=json["kind"], blocks=json["blocks"])


Edges = Union[ProcessorNone, EdgesScanOrLoop]


def _edges(json: Json) -> Edges:
  if json["kind"] in ("none",):
    return ProcessorNone._of(json)
  return EdgesScanOrLoop._of(json)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
  encoder: bool
  decoder: bool
  model: bool
  rollout: bool
  processor: Processor
  edges: Edges
  processor_blocks: int | None = None
  """A forecast’s: blocks of the edges of every processor layer."""

  @classmethod
  def _of(cls, json: Json) -> Checkpoint:
    return cls(encoder=json["encoder"], decoder=json["decoder"], model=json["model"], rollout=json["rollout"], processor=_processor(json["processor"]), edges=_edges(json["edges"]), processor_blocks=json.get("processorBlocks"))


@dataclass(frozen=True, kw_only=True)
class Recipe:
  precision: Literal["fp32", "bf16", "fp16", "bf16-full"]
  """bf16 and fp16 are mixed: parameters, gradients and optimizer state stay fp32. bf16-full holds everything in bf16."""
  mode: Literal["train", "inference"]
  """Inference keeps nothing for a backward pass and has no optimizer."""
  batch_size: int
  """Samples per GPU and micro-step. Activations grow linearly. Inference: samples per call, 1 unless typed."""
  accumulate: int
  """Micro-steps per optimizer step. Keeps the gradients alive during the forward pass."""
  rollout_steps: int
  """Autoregressive steps in one program. Training: the gradient flows through all of them, and activations grow linearly unless each step is recomputed. Inference: the predictions of all steps stay on the card; 1 is one step per call, however long the forecast."""
  ensemble: int | None = None
  """Members on the card, told apart by noise that the processor’s norms read: samples are members × batch."""
  optimizer: Literal["adamw", "adamw-fused", "adamw-8bit", "adam", "adafactor", "sgd", "momentum", "none"]
  """adamw and adam hold two arrays per parameter, adamw-8bit two of a byte per element, adafactor a row and a column, momentum one, sgd none. adamw in PyTorch is its foreach implementation."""
  amsgrad: bool
  """Adam and AdamW keep the largest second moment too: one array more per parameter."""
  ema: bool
  """A moving average of the parameters stays on the card: one copy more (AveragedModel, Lightning’s EMAWeightAveraging)."""
  set_to_none: bool
  """Gradients are freed before the forward pass, as zero_grad does by default; without, they are set to zero and stay."""
  checkpoint: Checkpoint
  """What the backward pass computes again instead of keeping."""
  offload: Literal["none", "optimizer", "boundary", "optimizer+boundary"]
  """What waits in the host’s memory: the optimizer’s state, the inputs of recomputed segments (boundary), or both."""
  concat_trick: Literal["off", "eager", "fused"]
  """PhysicsNeMo: project nodes before gathering them, so that no edges × 3·hidden-dim array exists."""
  recompute_activation: bool
  """PhysicsNeMo: keep an MLP’s pre-activation only and recompute the activation; one array less per row and layer."""
  allocator: Literal["native", "expandable"]
  """PyTorch’s caching allocator, or its expandable segments, which fragment less."""
  mem_fraction: float
  """JAX’s share of the card (XLA_CLIENT_MEM_FRACTION; its old name: XLA_PYTHON_CLIENT_MEM_FRACTION), 0.75 by default."""
  jax_allocator: Literal["default", "no-preallocation", "platform"]
  """How JAX takes memory: its share at the start, as it needs it (XLA_PYTHON_CLIENT_PREALLOCATE=false, same limit), or array by array from the whole card (XLA_PYTHON_CLIENT_ALLOCATOR=platform, slow)."""
  xla_gemm: Literal["auto", "cublas", "triton"]
  """Who multiplies matrices in XLA:GPU. auto gives cublas’s number and a range that covers triton."""
  tape: Literal["plain", "fused", "lean"]
  """What the TensorFlow.js tape keeps: plain operations, fused matMul, or custom gradients that keep less."""
  gpus: int
  """How many cards share the work."""
  parallel: Literal["none", "data", "zero1", "zero2", "zero3", "pipeline", "graph", "tensor", "model"]
  """How the cards share it. data keeps a full copy on each; zero1, 2, 3 shard optimizer state, gradients, parameters; model cuts one sample over them as anemoi does."""
  pipeline_schedule: Literal["1f1b", "gpipe"]
  """Micro-batches of --parallel pipeline: one forward and one backward pass in turn, or all forward passes first."""

  @classmethod
  def _of(cls, json: Json) -> Recipe:
    return cls(precision=json["precision"], mode=json["mode"], batch_size=json["batchSize"], accumulate=json["accumulate"], rollout_steps=json["rolloutSteps"], ensemble=json.get("ensemble"), optimizer=json["optimizer"], amsgrad=json["amsgrad"], ema=json["ema"], set_to_none=json["setToNone"], checkpoint=Checkpoint._of(json["checkpoint"]), offload=json["offload"], concat_trick=json["concatTrick"], recompute_activation=json["recomputeActivation"], allocator=json["allocator"], mem_fraction=json["memFraction"], jax_allocator=json["jaxAllocator"], xla_gemm=json["xlaGemm"], tape=json["tape"], gpus=json["gpus"], parallel=json["parallel"], pipeline_schedule=json["pipelineSchedule"])


@dataclass(frozen=True, kw_only=True)
class ContextBytes:
  jax: int
  pytorch: int
  tfjs: int

  @classmethod
  def _of(cls, json: Json) -> ContextBytes:
    return cls(jax=json["jax"], pytorch=json["pytorch"], tfjs=json["tfjs"])


@dataclass(frozen=True, kw_only=True)
class Tflops:
  fp32: float
  tf32: float | None = None
  fp16: float | None = None
  bf16: float | None = None

  @classmethod
  def _of(cls, json: Json) -> Tflops:
    return cls(fp32=json["fp32"], tf32=json.get("tf32"), fp16=json.get("fp16"), bf16=json.get("bf16"))


@dataclass(frozen=True, kw_only=True)
class Device:
  name: str
  vendor: Literal["nvidia", "amd", "any"]
  architecture: str | None = None
  """Of a card named by its size alone: its generation."""
  reported_by_same_size: tuple[object, ...] | None = None
  """Of such a card: the least and the most that drivers report of known cards of that size."""
  nominal_bytes: int
  """Size on the box."""
  reported_bytes: int
  """What the driver reports as total."""
  context_bytes: ContextBytes
  cublas_workspace_bytes: int
  bandwidth_gbps: float
  tflops: Tflops
  compute_capability: int
  sources: tuple[str, ...]

  @classmethod
  def _of(cls, json: Json) -> Device:
    return cls(name=json["name"], vendor=json["vendor"], architecture=json.get("architecture"), reported_by_same_size=tuple(json["reportedBySameSize"]) if "reportedBySameSize" in json else None, nominal_bytes=json["nominalBytes"], reported_bytes=json["reportedBytes"], context_bytes=ContextBytes._of(json["contextBytes"]), cublas_workspace_bytes=json["cublasWorkspaceBytes"], bandwidth_gbps=json["bandwidthGBps"], tflops=Tflops._of(json["tflops"]), compute_capability=json["computeCapability"], sources=tuple(json["sources"]))


@dataclass(frozen=True, kw_only=True)
class Config:
  runtime: Literal["jax", "pytorch", "tfjs"]
  model: Model
  recipe: Recipe
  device: Device | None
  """null: no card was named."""
  reserve_bytes: int
  """Held by other processes on the same card."""
  allow_tight: bool

  @classmethod
  def _of(cls, json: Json) -> Config:
    return cls(runtime=json["runtime"], model=Model._of(json["model"]), recipe=Recipe._of(json["recipe"]), device=None if json["device"] is None else Device._of(json["device"]), reserve_bytes=json["reserveBytes"], allow_tight=json["allowTight"])


@dataclass(frozen=True, kw_only=True)
class ByModule:
  module: str
  count: int
  bytes: int

  @classmethod
  def _of(cls, json: Json) -> ByModule:
    return cls(module=json["module"], count=json["count"], bytes=json["bytes"])


@dataclass(frozen=True, kw_only=True)
class Parameters:
  count: int
  bytes: int
  by_module: tuple[ByModule, ...]

  @classmethod
  def _of(cls, json: Json) -> Parameters:
    return cls(count=json["count"], bytes=json["bytes"], by_module=tuple(ByModule._of(each) for each in json["byModule"]))


@dataclass(frozen=True, kw_only=True)
class Range:
  low_bytes: int
  high_bytes: int

  @classmethod
  def _of(cls, json: Json) -> Range:
    return cls(low_bytes=json["lowBytes"], high_bytes=json["highBytes"])


@dataclass(frozen=True, kw_only=True)
class MemoryByModule:
  module: str
  bytes: int

  @classmethod
  def _of(cls, json: Json) -> MemoryByModule:
    return cls(module=json["module"], bytes=json["bytes"])


@dataclass(frozen=True, kw_only=True)
class Phases:
  phase: Literal["setup", "forward", "backward", "optimizer", "validation"]
  peak_live_bytes: int

  @classmethod
  def _of(cls, json: Json) -> Phases:
    return cls(phase=json["phase"], peak_live_bytes=json["peakLiveBytes"])


@dataclass(frozen=True, kw_only=True)
class XlaRemat:
  kind: Literal["notNeeded", "succeeds", "fails", "uncertain"]
  limit_bytes: int
  peak_live_bytes: int | None = None

  @classmethod
  def _of(cls, json: Json) -> XlaRemat:
    return cls(kind=json["kind"], limit_bytes=json["limitBytes"], peak_live_bytes=json.get("peakLiveBytes"))


@dataclass(frozen=True, kw_only=True)
class Memory:
  parameter_bytes: int
  gradient_bytes: int
  optimizer_bytes: int
  activation_bytes: int
  temporary_bytes: int
  input_bytes: int
  peak_live_bytes: int
  """Arrays alive at the worst moment; the six categories sum to it."""
  peak_allocated_bytes: int
  """As the allocator counts it, with rounding and undivided blocks."""
  peak_reserved_bytes: int
  """What the allocator holds on a card without limit."""
  min_capacity_bytes: int | None = None
  """The smallest pool in which the step still runs; searched only where the verdict depends on it."""
  device_bytes: int
  """What nvidia-smi shows: reserved + context + libraries."""
  range: Range
  by_module: tuple[MemoryByModule, ...]
  """They sum to peakLiveBytes."""
  phases: tuple[Phases, ...]
  xla_remat: XlaRemat | None = None
  preallocated_bytes: int | None = None
  """What JAX grabs by default."""

  @classmethod
  def _of(cls, json: Json) -> Memory:
    return cls(parameter_bytes=json["parameterBytes"], gradient_bytes=json["gradientBytes"], optimizer_bytes=json["optimizerBytes"], activation_bytes=json["activationBytes"], temporary_bytes=json["temporaryBytes"], input_bytes=json["inputBytes"], peak_live_bytes=json["peakLiveBytes"], peak_allocated_bytes=json["peakAllocatedBytes"], peak_reserved_bytes=json["peakReservedBytes"], min_capacity_bytes=json.get("minCapacityBytes"), device_bytes=json["deviceBytes"], range=Range._of(json["range"]), by_module=tuple(MemoryByModule._of(each) for each in json["byModule"]), phases=tuple(Phases._of(each) for each in json["phases"]), xla_remat=XlaRemat._of(json["xlaRemat"]) if "xlaRemat" in json else None, preallocated_bytes=json.get("preallocatedBytes"))


@dataclass(frozen=True, kw_only=True)
class Peak:
  phase: Literal["setup", "forward", "backward", "optimizer", "validation"]
  operation: str
  index: int
  """Position of the operation’s event in the trace."""

  @classmethod
  def _of(cls, json: Json) -> Peak:
    return cls(phase=json["phase"], operation=json["operation"], index=json["index"])


@dataclass(frozen=True, kw_only=True)
class VerdictFits:
  kind: Literal["fits"]
  nominal_bytes: int
  """Size on the box."""
  usable_bytes: int
  """What the driver reports − reserve."""
  headroom_bytes: int
  """usableBytes − range.highBytes"""

  @classmethod
  def _of(cls, json: Json) -> VerdictFits:
    return cls(kind=json["kind"], nominal_bytes=json["nominalBytes"], usable_bytes=json["usableBytes"], headroom_bytes=json["headroomBytes"])


@dataclass(frozen=True, kw_only=True)
class SmallestChangeRange:
  xla_gemm: Literal["cublas", "triton"]
  cases: int
  inside: int

  @classmethod
  def _of(cls, json: Json) -> SmallestChangeRange:
    return cls(xla_gemm=json["xlaGemm"], cases=json["cases"], inside=json["inside"])


@dataclass(frozen=True, kw_only=True)
class Code:
  where: str
  text: str

  @classmethod
  def _of(cls, json: Json) -> Code:
    return cls(where=json["where"], text=json["text"])


@dataclass(frozen=True, kw_only=True)
class SmallestChange:
  change: str
  """The flags to add."""
  command: str
  device_bytes: int
  high_bytes: int | None = None
  """Upper end of its range."""
  usable_bytes: int | None = None
  """With this change."""
  relative_cost: float | None = None
  """FLOPs of a sample, after ÷ before."""
  range: SmallestChangeRange | None = None
  """accuracy.range of the configuration with this change, where it is another."""
  code: tuple[Code, ...] | None = None
  """How it is written in the user’s own code base."""
  numerics: Literal["rounding", "different"] | None = None
  """It changes more than memory: how numbers are rounded, or the algorithm. Nothing else fits."""

  @classmethod
  def _of(cls, json: Json) -> SmallestChange:
    return cls(change=json["change"], command=json["command"], device_bytes=json["deviceBytes"], high_bytes=json.get("highBytes"), usable_bytes=json.get("usableBytes"), relative_cost=json.get("relativeCost"), range=SmallestChangeRange._of(json["range"]) if "range" in json else None, code=tuple(Code._of(each) for each in json["code"]) if "code" in json else None, numerics=json.get("numerics"))


@dataclass(frozen=True, kw_only=True)
class VerdictTight:
  kind: Literal["tight"]
  nominal_bytes: int
  """Size on the box."""
  usable_bytes: int
  """What the driver reports − reserve."""
  shortfall_bytes: int
  """range.highBytes − usableBytes"""
  smallest_change: SmallestChange | None = None
  further_changes: tuple[SmallestChange, ...] | None = None
  """Beside the cheapest: the usual cut of the processor, where that fits too."""

  @classmethod
  def _of(cls, json: Json) -> VerdictTight:
    return cls(kind=json["kind"], nominal_bytes=json["nominalBytes"], usable_bytes=json["usableBytes"], shortfall_bytes=json["shortfallBytes"], smallest_change=SmallestChange._of(json["smallestChange"]) if "smallestChange" in json else None, further_changes=tuple(SmallestChange._of(each) for each in json["furtherChanges"]) if "furtherChanges" in json else None)


@dataclass(frozen=True, kw_only=True)
class VerdictExceeds:
  kind: Literal["exceeds"]
  nominal_bytes: int
  """Size on the box."""
  usable_bytes: int
  """What the driver reports − reserve."""
  shortfall_bytes: int
  """range.highBytes − usableBytes"""
  smallest_change: SmallestChange | None = None
  further_changes: tuple[SmallestChange, ...] | None = None
  """Beside the cheapest: the usual cut of the processor, where that fits too."""

  @classmethod
  def _of(cls, json: Json) -> VerdictExceeds:
    return cls(kind=json["kind"], nominal_bytes=json["nominalBytes"], usable_bytes=json["usableBytes"], shortfall_bytes=json["shortfallBytes"], smallest_change=SmallestChange._of(json["smallestChange"]) if "smallestChange" in json else None, further_changes=tuple(SmallestChange._of(each) for each in json["furtherChanges"]) if "furtherChanges" in json else None)


@dataclass(frozen=True, kw_only=True)
class VerdictUnknown:
  kind: Literal["unknown"]

  @classmethod
  def _of(cls, json: Json) -> VerdictUnknown:
    return cls(kind=json["kind"])


Verdict = Union[VerdictFits, VerdictTight, VerdictExceeds, VerdictUnknown]


def _verdict(json: Json) -> Verdict:
  if json["kind"] in ("fits",):
    return VerdictFits._of(json)
  if json["kind"] in ("tight",):
    return VerdictTight._of(json)
  if json["kind"] in ("exceeds",):
    return VerdictExceeds._of(json)
  return VerdictUnknown._of(json)


@dataclass(frozen=True, kw_only=True)
class LargerShare:
  kept_back: str
  setting: str
  usable_bytes: int

  @classmethod
  def _of(cls, json: Json) -> LargerShare:
    return cls(kept_back=json["keptBack"], setting=json["setting"], usable_bytes=json["usableBytes"])


@dataclass(frozen=True, kw_only=True)
class OnCard:
  usable: str
  """Which share of the card is usable, and why."""
  larger_share: LargerShare | None = None
  """Where the framework keeps a part of the card back: how it is told to take more, and what is usable then."""
  precision: str | None = None
  """What runs there instead of what was asked for."""
  recomputation: str | None = None
  """What is known of XLA’s own recomputation."""

  @classmethod
  def _of(cls, json: Json) -> OnCard:
    return cls(usable=json["usable"], larger_share=LargerShare._of(json["largerShare"]) if "largerShare" in json else None, precision=json.get("precision"), recomputation=json.get("recomputation"))


@dataclass(frozen=True, kw_only=True)
class Cost:
  forward_flops: float
  train_flops: float
  recompute_fraction: float
  """Recomputed forward FLOPs ÷ trainFlops."""
  bytes_moved: float | None = None
  host_transfer_bytes: int | None = None
  """With --offload in PyTorch: over the bus to the host and back, per micro-step."""
  step_time_ms: float | None = None
  """A roofline model, not a measurement."""

  @classmethod
  def _of(cls, json: Json) -> Cost:
    return cls(forward_flops=json["forwardFlops"], train_flops=json["trainFlops"], recompute_fraction=json["recomputeFraction"], bytes_moved=json.get("bytesMoved"), host_transfer_bytes=json.get("hostTransferBytes"), step_time_ms=json.get("stepTimeMs"))


@dataclass(frozen=True, kw_only=True)
class Reserved:
  allocator: Literal["native", "expandable"]
  median_error_percent: float
  p95_error_percent: float
  worst_under_percent: float

  @classmethod
  def _of(cls, json: Json) -> Reserved:
    return cls(allocator=json["allocator"], median_error_percent=json["medianErrorPercent"], p95_error_percent=json["p95ErrorPercent"], worst_under_percent=json["worstUnderPercent"])


@dataclass(frozen=True, kw_only=True)
class Accuracy:
  runtime: Literal["jax", "pytorch", "tfjs"]
  code_base: str
  mode: Literal["train", "inference"]
  checked: bool
  """Estimates of this code base in this mode were compared with ground truth, shipped or your own verifications."""
  cases: int
  """0 where nothing was checked."""
  median_error_percent: float | None = None
  """Of peakLiveBytes, as the two below."""
  p95_error_percent: float | None = None
  worst_under_percent: float | None = None
  """How far the estimate was below the truth at worst."""
  reserved: Reserved | None = None
  """PyTorch: the same of peakReservedBytes, which decides."""
  range: SmallestChangeRange | None = None
  """JAX: how many of the steps compiled with such products lie inside the range, which decides."""
  beyond: tuple[str, ...] | None = None
  """Options of this configuration that no record has."""
  source: str

  @classmethod
  def _of(cls, json: Json) -> Accuracy:
    return cls(runtime=json["runtime"], code_base=json["codeBase"], mode=json["mode"], checked=json["checked"], cases=json["cases"], median_error_percent=json.get("medianErrorPercent"), p95_error_percent=json.get("p95ErrorPercent"), worst_under_percent=json.get("worstUnderPercent"), reserved=Reserved._of(json["reserved"]) if "reserved" in json else None, range=SmallestChangeRange._of(json["range"]) if "range" in json else None, beyond=tuple(json["beyond"]) if "beyond" in json else None, source=json["source"])


@dataclass(frozen=True, kw_only=True)
class Ranks:
  first_rank: int
  last_rank: int
  grid_nodes: int
  mesh_nodes: int
  halo_nodes: int
  """Rows of other ranks, in one exchange of encoder, layer and decoder each."""
  parameter_bytes: int
  gradient_bytes: int
  optimizer_bytes: int
  activation_bytes: int
  temporary_bytes: int
  input_bytes: int
  peak_live_bytes: int
  received_bytes: int
  """Over the links, per optimizer step."""

  @classmethod
  def _of(cls, json: Json) -> Ranks:
    return cls(first_rank=json["firstRank"], last_rank=json["lastRank"], grid_nodes=json["gridNodes"], mesh_nodes=json["meshNodes"], halo_nodes=json["haloNodes"], parameter_bytes=json["parameterBytes"], gradient_bytes=json["gradientBytes"], optimizer_bytes=json["optimizerBytes"], activation_bytes=json["activationBytes"], temporary_bytes=json["temporaryBytes"], input_bytes=json["inputBytes"], peak_live_bytes=json["peakLiveBytes"], received_bytes=json["receivedBytes"])


@dataclass(frozen=True, kw_only=True, repr=False)
class Estimate(Report):
  """Of a model."""

  schema: Literal["gc-plan/estimate@1"]
  tool: Tool
  """What wrote this document."""
  config: Config
  """Everything the numbers depend on, resolved."""
  counts: Counts
  parameters: Parameters
  memory: Memory
  """For a card without limit and the program as written."""
  peak: Peak
  verdict: Verdict
  on_card: OnCard | None = None
  """What the headline says of the card."""
  cost: Cost
  accuracy: Accuracy
  """How this runtime’s estimates compared with ground truth."""
  ranks: tuple[Ranks, ...] | None = None
  """Several GPUs: alike ranks together; where shares differ, the first and the last. memory is the worst rank’s."""
  assumptions: tuple[str, ...]

  @classmethod
  def _of(cls, json: Json, command: str) -> Estimate:
    return cls(_json=json, _command=command, schema=json["schema"], tool=Tool._of(json["tool"]), config=Config._of(json["config"]), counts=Counts._of(json["counts"]), parameters=Parameters._of(json["parameters"]), memory=Memory._of(json["memory"]), peak=Peak._of(json["peak"]), verdict=_verdict(json["verdict"]), on_card=OnCard._of(json["onCard"]) if "onCard" in json else None, cost=Cost._of(json["cost"]), accuracy=Accuracy._of(json["accuracy"]), ranks=tuple(Ranks._of(each) for each in json["ranks"]) if "ranks" in json else None, assumptions=tuple(json["assumptions"]))


@dataclass(frozen=True, kw_only=True)
class ConfigRecipe:
  mode: Literal["train", "inference"]
  allocator: Literal["native", "expandable"] | None = None
  mem_fraction: float | None = None
  jax_allocator: Literal["default", "no-preallocation", "platform"] | None = None

  @classmethod
  def _of(cls, json: Json) -> ConfigRecipe:
    return cls(mode=json["mode"], allocator=json.get("allocator"), mem_fraction=json.get("memFraction"), jax_allocator=json.get("jaxAllocator"))


@dataclass(frozen=True, kw_only=True)
class Trace:
  file: str
  source: str
  """File and function that were captured."""
  versions: Mapping[str, str]
  compiled_for: str | None = None
  """The card that a step was compiled for."""
  num_buffers: int
  num_events: int

  @classmethod
  def _of(cls, json: Json) -> Trace:
    return cls(file=json["file"], source=json["source"], versions=json["versions"], compiled_for=json.get("compiledFor"), num_buffers=json["numBuffers"], num_events=json["numEvents"])


@dataclass(frozen=True, kw_only=True)
class RecordedEstimateConfig:
  runtime: Literal["jax", "pytorch", "tfjs"]
  recipe: ConfigRecipe
  """What a recorded step leaves open in its framework."""
  device: Device | None
  """null: no card was named."""
  reserve_bytes: int
  """Held by other processes on the same card."""
  allow_tight: bool
  trace: Trace

  @classmethod
  def _of(cls, json: Json) -> RecordedEstimateConfig:
    return cls(runtime=json["runtime"], recipe=ConfigRecipe._of(json["recipe"]), device=None if json["device"] is None else Device._of(json["device"]), reserve_bytes=json["reserveBytes"], allow_tight=json["allowTight"], trace=Trace._of(json["trace"]))


@dataclass(frozen=True, kw_only=True)
class RecordedEstimateParameters:
  count: int
  bytes: int

  @classmethod
  def _of(cls, json: Json) -> RecordedEstimateParameters:
    return cls(count=json["count"], bytes=json["bytes"])


@dataclass(frozen=True, kw_only=True, repr=False)
class RecordedEstimate(Report):
  """GPU memory of a step that was captured (--trace)."""

  schema: Literal["gc-plan/estimate@1"]
  tool: Tool
  """What wrote this document."""
  config: RecordedEstimateConfig
  """With --trace: everything the numbers depend on."""
  parameters: RecordedEstimateParameters
  memory: Memory
  """For a card without limit and the program as written."""
  peak: Peak
  verdict: Verdict
  on_card: OnCard | None = None
  """What the headline says of the card."""
  accuracy: Accuracy
  """How this runtime’s estimates compared with ground truth."""
  assumptions: tuple[str, ...]

  @classmethod
  def _of(cls, json: Json, command: str) -> RecordedEstimate:
    return cls(_json=json, _command=command, schema=json["schema"], tool=Tool._of(json["tool"]), config=RecordedEstimateConfig._of(json["config"]), parameters=RecordedEstimateParameters._of(json["parameters"]), memory=Memory._of(json["memory"]), peak=Peak._of(json["peak"]), verdict=_verdict(json["verdict"]), on_card=OnCard._of(json["onCard"]) if "onCard" in json else None, accuracy=Accuracy._of(json["accuracy"]), assumptions=tuple(json["assumptions"]))


@dataclass(frozen=True, kw_only=True)
class LargestStage:
  hidden_dim: int
  layers: int

  @classmethod
  def _of(cls, json: Json) -> LargestStage:
    return cls(hidden_dim=json["hiddenDim"], layers=json["layers"])


@dataclass(frozen=True, kw_only=True)
class SweepCards:
  name: str
  price_per_hour: float | None = None
  largest_stage: LargestStage | None = None
  reaches_goal: bool

  @classmethod
  def _of(cls, json: Json) -> SweepCards:
    return cls(name=json["name"], price_per_hour=json.get("pricePerHour"), largest_stage=LargestStage._of(json["largestStage"]) if "largestStage" in json else None, reaches_goal=json["reachesGoal"])


@dataclass(frozen=True, kw_only=True)
class Refused:
  count: int
  reason: str
  source: str

  @classmethod
  def _of(cls, json: Json) -> Refused:
    return cls(count=json["count"], reason=json["reason"], source=json["source"])


@dataclass(frozen=True, kw_only=True)
class Candidates:
  total: int
  """fits + tight + exceeds"""
  fits: int
  tight: int
  exceeds: int
  deduced: int
  """Of exceeds: the arrays alone are more than the card has, nothing was replayed."""
  excluded: int
  """Not in total: left out by --require, --max-params or --max-step-cost."""
  impossible: int
  """Not in total: combinations that no configuration can have."""
  refused: tuple[Refused, ...]
  """Not in total: what the code base itself cannot run, counted by reason."""
  pending: int
  """Not in total: not reached before an interruption."""

  @classmethod
  def _of(cls, json: Json) -> Candidates:
    return cls(total=json["total"], fits=json["fits"], tight=json["tight"], exceeds=json["exceeds"], deduced=json["deduced"], excluded=json["excluded"], impossible=json["impossible"], refused=tuple(Refused._of(each) for each in json["refused"]), pending=json["pending"])


@dataclass(frozen=True, kw_only=True)
class Pareto:
  config: Config
  """Everything the numbers depend on, resolved."""
  parameters: int
  memory: Memory
  """For a card without limit and the program as written."""
  verdict: Verdict
  cost: Cost
  command: str
  """The estimate command line that reproduces these numbers."""

  @classmethod
  def _of(cls, json: Json) -> Pareto:
    return cls(config=Config._of(json["config"]), parameters=json["parameters"], memory=Memory._of(json["memory"]), verdict=_verdict(json["verdict"]), cost=Cost._of(json["cost"]), command=json["command"])


@dataclass(frozen=True, kw_only=True)
class Points:
  device_bytes: int
  sample_flops: float
  """FLOPs of a sample, recomputed ones too."""
  verdict: Literal["fits", "tight", "exceeds"]
  """The best of all candidates of this size."""
  is_on_front: bool

  @classmethod
  def _of(cls, json: Json) -> Points:
    return cls(device_bytes=json["deviceBytes"], sample_flops=json["sampleFlops"], verdict=json["verdict"], is_on_front=json["isOnFront"])


@dataclass(frozen=True, kw_only=True)
class Sizes:
  hidden_dim: int
  layers: int
  peak_live_bytes: int
  """The least of all candidates of this size."""
  verdict: Literal["fits", "tight", "exceeds"]
  """The best of all candidates of this size."""

  @classmethod
  def _of(cls, json: Json) -> Sizes:
    return cls(hidden_dim=json["hiddenDim"], layers=json["layers"], peak_live_bytes=json["peakLiveBytes"], verdict=json["verdict"])


@dataclass(frozen=True, kw_only=True)
class Exported:
  code_base: Literal["deepmind", "physicsnemo", "anemoi", "neural-lam"]
  text: str
  """The file, or its command line."""
  missing: tuple[str, ...]
  """What the code base has no key for."""
  file: str
  """Its name in the directory that --output-dir writes."""
  grow: str | None = None
  """The command that makes this stage’s first checkpoint; absent: it starts from new values."""

  @classmethod
  def _of(cls, json: Json) -> Exported:
    return cls(code_base=json["codeBase"], text=json["text"], missing=tuple(json["missing"]), file=json["file"], grow=json.get("grow"))


@dataclass(frozen=True, kw_only=True)
class Stages:
  hidden_dim: int
  layers: int
  growth: Literal["start", "widen", "deepen"]
  """What is doubled on the way to this stage."""
  parameters: int
  """Number of parameters."""
  parameters_carried_over: int
  """Trained values of the stage before that go on: deepening adds new layers beside them, widening tiles them."""
  precision: Literal["fp32", "bf16", "fp16", "bf16-full"]
  batch_size: int
  accumulate: int
  checkpoint: tuple[str, ...]
  """Parts as --checkpoint takes them; empty: none."""
  relative_cost: float
  """FLOPs of a sample, recomputed ones too, ÷ those of the first stage."""
  memory: Memory
  """For a card without limit and the program as written."""
  verdict: Verdict
  cost: Cost
  on_card: OnCard | None = None
  """What the headline says of the card."""
  learning_rate: str
  """What becomes of it in this stage."""
  checks: tuple[str, ...]
  """What to see before going on."""
  command: str
  """The estimate command line that reproduces these numbers."""
  exported: Exported | None = None

  @classmethod
  def _of(cls, json: Json) -> Stages:
    return cls(hidden_dim=json["hiddenDim"], layers=json["layers"], growth=json["growth"], parameters=json["parameters"], parameters_carried_over=json["parametersCarriedOver"], precision=json["precision"], batch_size=json["batchSize"], accumulate=json["accumulate"], checkpoint=tuple(json["checkpoint"]), relative_cost=json["relativeCost"], memory=Memory._of(json["memory"]), verdict=_verdict(json["verdict"]), cost=Cost._of(json["cost"]), on_card=OnCard._of(json["onCard"]) if "onCard" in json else None, learning_rate=json["learningRate"], checks=tuple(json["checks"]), command=json["command"], exported=Exported._of(json["exported"]) if "exported" in json else None)


@dataclass(frozen=True, kw_only=True)
class FirstStageThatNeedsMore:
  hidden_dim: int
  layers: int
  shortfall_bytes: int
  smallest_device: str | None = None
  """The smallest known card on which it fits."""
  smallest_device_for_rest: str | None = None
  """The smallest known card on which it and all stages behind it fit."""

  @classmethod
  def _of(cls, json: Json) -> FirstStageThatNeedsMore:
    return cls(hidden_dim=json["hiddenDim"], layers=json["layers"], shortfall_bytes=json["shortfallBytes"], smallest_device=json.get("smallestDevice"), smallest_device_for_rest=json.get("smallestDeviceForRest"))


@dataclass(frozen=True, kw_only=True)
class Prices:
  source: str
  currency: str | None = None
  sources: tuple[str, ...]

  @classmethod
  def _of(cls, json: Json) -> Prices:
    return cls(source=json["source"], currency=json.get("currency"), sources=tuple(json["sources"]))


@dataclass(frozen=True, kw_only=True)
class RowsStages:
  hidden_dim: int
  layers: int
  updates: int
  device: str
  """The card, or where it is not enough the smallest for all of the rest."""
  flops: float
  """Recomputed ones too."""
  hours: float | None = None
  """By the roofline, which real steps do not reach."""
  price: float | None = None
  """Hours × price per hour × GPUs."""

  @classmethod
  def _of(cls, json: Json) -> RowsStages:
    return cls(hidden_dim=json["hiddenDim"], layers=json["layers"], updates=json["updates"], device=json["device"], flops=json["flops"], hours=json.get("hours"), price=json.get("price"))


@dataclass(frozen=True, kw_only=True)
class Rows:
  order: Literal["cheapest", "depth first", "width first", "both at once", "goal alone"]
  """cheapest: the plan’s own where it is no other; goal alone: all updates at the goal’s size."""
  chosen: bool
  """It is the plan’s own."""
  sizes: tuple[LargestStage, ...]
  stages: tuple[RowsStages, ...]
  """Fewer than sizes where no known card is enough for the rest."""
  flops: float | None = None
  """Recomputed ones too."""
  relative_flops: float | None = None
  """÷ those of the plan’s own path."""
  hours: float | None = None
  """By the roofline, which real steps do not reach."""
  price: float | None = None
  """Hours × price per hour × GPUs."""

  @classmethod
  def _of(cls, json: Json) -> Rows:
    return cls(order=json["order"], chosen=json["chosen"], sizes=tuple(LargestStage._of(each) for each in json["sizes"]), stages=tuple(RowsStages._of(each) for each in json["stages"]), flops=json.get("flops"), relative_flops=json.get("relativeFlops"), hours=json.get("hours"), price=json.get("price"))


@dataclass(frozen=True, kw_only=True)
class Paths:
  updates: tuple[int, ...]
  """Of the plan’s stages; a path of fewer takes the first ones and the last."""
  prices: Prices
  rows: tuple[Rows, ...]

  @classmethod
  def _of(cls, json: Json) -> Paths:
    return cls(updates=tuple(json["updates"]), prices=Prices._of(json["prices"]), rows=tuple(Rows._of(each) for each in json["rows"]))


@dataclass(frozen=True, kw_only=True)
class Rules:
  growth: Literal["widen", "deepen"]
  rule: str
  sources: tuple[str, ...]

  @classmethod
  def _of(cls, json: Json) -> Rules:
    return cls(growth=json["growth"], rule=json["rule"], sources=tuple(json["sources"]))


@dataclass(frozen=True, kw_only=True)
class Plan:
  from_: LargestStage
  to: LargestStage
  global_batch: int
  """Samples of one optimizer step, the same in every stage."""
  stages: tuple[Stages, ...]
  first_stage_that_needs_more: FirstStageThatNeedsMore | None = None
  paths: Paths | None = None
  """With --updates: the same goal by each order of growing."""
  rules: tuple[Rules, ...]

  @classmethod
  def _of(cls, json: Json) -> Plan:
    return cls(from_=LargestStage._of(json["from"]), to=LargestStage._of(json["to"]), global_batch=json["globalBatch"], stages=tuple(Stages._of(each) for each in json["stages"]), first_stage_that_needs_more=FirstStageThatNeedsMore._of(json["firstStageThatNeedsMore"]) if "firstStageThatNeedsMore" in json else None, paths=Paths._of(json["paths"]) if "paths" in json else None, rules=tuple(Rules._of(each) for each in json["rules"]))


@dataclass(frozen=True, kw_only=True, repr=False)
class Sweep(Report):
  """Which configurations fit, which are worth it, and the steps from a small to a large one."""

  schema: Literal["gc-plan/sweep@1"]
  tool: Tool
  """What wrote this document."""
  config: Config
  """Of the first configuration that is shown; the others differ in what is searched."""
  taken: str | None = None
  """Where no model was named: which one was taken, and how to ask for another framework’s."""
  space: Mapping[str, tuple[str | float | bool, ...]]
  """The values tried for each flag, without dashes."""
  device: Device | None
  """The card; of several the cheapest on which the plan reaches its goal."""
  cards: tuple[SweepCards, ...] | None = None
  """Where several were named: cheapest first, by price where it is known, then by memory."""
  candidates: Candidates
  front_size: int
  """Candidates that fit and that no other one dominates; pareto lists the first of them."""
  pareto: tuple[Pareto, ...]
  points: tuple[Points, ...]
  """Memory and cost of what was priced on the card: the front first, then at most 1,000 in all, evenly taken."""
  sizes: tuple[Sizes, ...]
  """Every width and depth."""
  plan: Plan
  accuracy: Accuracy
  """How this runtime’s estimates compared with ground truth."""
  assumptions: tuple[str, ...]

  @classmethod
  def _of(cls, json: Json, command: str) -> Sweep:
    return cls(_json=json, _command=command, schema=json["schema"], tool=Tool._of(json["tool"]), config=Config._of(json["config"]), taken=json.get("taken"), space={name: tuple(each) for name, each in json["space"].items()}, device=None if json["device"] is None else Device._of(json["device"]), cards=tuple(SweepCards._of(each) for each in json["cards"]) if "cards" in json else None, candidates=Candidates._of(json["candidates"]), front_size=json["frontSize"], pareto=tuple(Pareto._of(each) for each in json["pareto"]), points=tuple(Points._of(each) for each in json["points"]), sizes=tuple(Sizes._of(each) for each in json["sizes"]), plan=Plan._of(json["plan"]), accuracy=Accuracy._of(json["accuracy"]), assumptions=tuple(json["assumptions"]))


@dataclass(frozen=True, kw_only=True)
class Best:
  value: float
  config: Config
  """Everything the numbers depend on, resolved."""
  parameters: int
  memory: Memory
  """For a card without limit and the program as written."""
  verdict: Verdict
  cost: Cost
  on_card: OnCard | None = None
  """What the headline says of the card."""
  command: str
  """The estimate command line that reproduces these numbers."""

  @classmethod
  def _of(cls, json: Json) -> Best:
    return cls(value=json["value"], config=Config._of(json["config"]), parameters=json["parameters"], memory=Memory._of(json["memory"]), verdict=_verdict(json["verdict"]), cost=Cost._of(json["cost"]), on_card=OnCard._of(json["onCard"]) if "onCard" in json else None, command=json["command"])


@dataclass(frozen=True, kw_only=True)
class WithPlan:
  value: float
  config: Config
  """Everything the numbers depend on, resolved."""
  parameters: int
  memory: Memory
  """For a card without limit and the program as written."""
  verdict: Verdict
  cost: Cost
  on_card: OnCard | None = None
  """What the headline says of the card."""
  command: str
  """The estimate command line that reproduces these numbers."""
  change: str
  """The flags to add."""
  relative_cost: float
  """FLOPs of a sample, recomputed ones too, ÷ those as typed."""

  @classmethod
  def _of(cls, json: Json) -> WithPlan:
    return cls(value=json["value"], config=Config._of(json["config"]), parameters=json["parameters"], memory=Memory._of(json["memory"]), verdict=_verdict(json["verdict"]), cost=Cost._of(json["cost"]), on_card=OnCard._of(json["onCard"]) if "onCard" in json else None, command=json["command"], change=json["change"], relative_cost=json["relativeCost"])


@dataclass(frozen=True, kw_only=True)
class SolutionRefused:
  value: float
  reason: str
  source: str

  @classmethod
  def _of(cls, json: Json) -> SolutionRefused:
    return cls(value=json["value"], reason=json["reason"], source=json["source"])


@dataclass(frozen=True, kw_only=True, repr=False)
class Solution(Report):
  """The largest value of one option that fits on a card."""

  schema: Literal["gc-plan/solve@1"]
  tool: Tool
  """What wrote this document."""
  for_: Literal["batch", "hidden-dim", "layers", "rollout", "resolution", "mesh-level", "gpus"]
  device: Device
  best: Best | None = None
  """The largest value that fits (resolution: the finest, gpus: the fewest); absent: none does."""
  next: Best | None = None
  """The next value, which does not fit; absent: best is the last that can be typed, or that can run."""
  with_plan: WithPlan | None = None
  """For batch: the largest with the cheapest plan of recomputation and share of the card; absent: no larger one."""
  refused: SolutionRefused | None = None
  """Where next is absent: the first value that the code base itself cannot run, and why."""
  num_values: int
  """Values that a configuration can have."""
  num_judged: int
  """Values that were priced in full; of the others the live arrays alone exceed the card, or they are below best."""
  accuracy: Accuracy
  """How this runtime’s estimates compared with ground truth."""
  assumptions: tuple[str, ...]

  @classmethod
  def _of(cls, json: Json, command: str) -> Solution:
    return cls(_json=json, _command=command, schema=json["schema"], tool=Tool._of(json["tool"]), for_=json["for"], device=Device._of(json["device"]), best=Best._of(json["best"]) if "best" in json else None, next=Best._of(json["next"]) if "next" in json else None, with_plan=WithPlan._of(json["withPlan"]) if "withPlan" in json else None, refused=SolutionRefused._of(json["refused"]) if "refused" in json else None, num_values=json["numValues"], num_judged=json["numJudged"], accuracy=Accuracy._of(json["accuracy"]), assumptions=tuple(json["assumptions"]))


@dataclass(frozen=True, kw_only=True)
class Changes:
  strategy: str
  describe: str
  cost: str
  """What it costs besides memory."""
  change: str
  """The flags to add."""
  peak_live_bytes: int
  device_bytes: int
  saved_bytes: int
  """deviceBytes before − after; negative where it needs more."""
  relative_cost: float
  """FLOPs of a sample on all cards together (inference: of a sample and a step of its forecast), recomputed ones too, after ÷ before."""
  numerics: Literal["same", "rounding", "different"]
  """same: up to the order of additions. rounding: the same algorithm. different: another algorithm, or no training."""
  verdict: Verdict
  command: str
  """The estimate command line that reproduces these numbers."""
  code: tuple[Code, ...]
  """How it is written in the user’s own code base."""

  @classmethod
  def _of(cls, json: Json) -> Changes:
    return cls(strategy=json["strategy"], describe=json["describe"], cost=json["cost"], change=json["change"], peak_live_bytes=json["peakLiveBytes"], device_bytes=json["deviceBytes"], saved_bytes=json["savedBytes"], relative_cost=json["relativeCost"], numerics=json["numerics"], verdict=_verdict(json["verdict"]), command=json["command"], code=tuple(Code._of(each) for each in json["code"]))


@dataclass(frozen=True, kw_only=True)
class Parts:
  strategy: str
  cost: str
  code: tuple[Code, ...]

  @classmethod
  def _of(cls, json: Json) -> Parts:
    return cls(strategy=json["strategy"], cost=json["cost"], code=tuple(Code._of(each) for each in json["code"]))


@dataclass(frozen=True, kw_only=True)
class Cheapest:
  change: str
  """The flags to add."""
  peak_live_bytes: int
  device_bytes: int
  saved_bytes: int
  """deviceBytes before − after; negative where it needs more."""
  relative_cost: float
  """FLOPs of a sample on all cards together (inference: of a sample and a step of its forecast), recomputed ones too, after ÷ before."""
  numerics: Literal["same", "rounding", "different"]
  """same: up to the order of additions. rounding: the same algorithm. different: another algorithm, or no training."""
  verdict: Verdict
  command: str
  """The estimate command line that reproduces these numbers."""
  config: Config
  """Everything the numbers depend on, resolved."""
  memory: Memory
  """For a card without limit and the program as written."""
  parts: tuple[Parts, ...]

  @classmethod
  def _of(cls, json: Json) -> Cheapest:
    return cls(change=json["change"], peak_live_bytes=json["peakLiveBytes"], device_bytes=json["deviceBytes"], saved_bytes=json["savedBytes"], relative_cost=json["relativeCost"], numerics=json["numerics"], verdict=_verdict(json["verdict"]), command=json["command"], config=Config._of(json["config"]), memory=Memory._of(json["memory"]), parts=tuple(Parts._of(each) for each in json["parts"]))


@dataclass(frozen=True, kw_only=True, repr=False)
class Advice(Report):
  """Of a model."""

  schema: Literal["gc-plan/advise@1"]
  tool: Tool
  """What wrote this document."""
  config: Config
  """Everything the numbers depend on, resolved."""
  memory: Memory
  """Of the configuration as it is."""
  verdict: Verdict
  """Of the configuration as it is."""
  on_card: OnCard | None = None
  """What the headline says of the card."""
  changes: tuple[Changes, ...]
  """One strategy at a time, those that fit first, then by what they save; without those that save nothing."""
  cheapest: Cheapest | None = None
  """The cheapest combination that fits; absent where the configuration fits as it is, or where nothing fits."""
  several_gpus: Cheapest | None = None
  """Where nothing fits on one card: the fewest on which a usual combination does; the worst rank."""
  smallest_device: str | None = None
  """The smallest known card on which it fits as it is."""
  accuracy: Accuracy
  """How this runtime’s estimates compared with ground truth."""
  assumptions: tuple[str, ...]

  @classmethod
  def _of(cls, json: Json, command: str) -> Advice:
    return cls(_json=json, _command=command, schema=json["schema"], tool=Tool._of(json["tool"]), config=Config._of(json["config"]), memory=Memory._of(json["memory"]), verdict=_verdict(json["verdict"]), on_card=OnCard._of(json["onCard"]) if "onCard" in json else None, changes=tuple(Changes._of(each) for each in json["changes"]), cheapest=Cheapest._of(json["cheapest"]) if "cheapest" in json else None, several_gpus=Cheapest._of(json["severalGpus"]) if "severalGpus" in json else None, smallest_device=json.get("smallestDevice"), accuracy=Accuracy._of(json["accuracy"]), assumptions=tuple(json["assumptions"]))


@dataclass(frozen=True, kw_only=True)
class Recompute:
  module: str
  """Path; * for numbers: modules that a loop made, each recomputed by itself."""
  num_calls: int
  """In one step."""
  dropped_bytes: int
  """Of arrays that go after the forward pass and are made again."""
  repeated_flops: float
  """Of products, convolutions and attention, in one step."""
  peak_live_bytes: int
  device_bytes: int
  """By a replay of both steps with these arrays dropped and made again."""
  saved_bytes: int
  verdict: Verdict
  confirm: str
  """The capture that says whether it is so."""

  @classmethod
  def _of(cls, json: Json) -> Recompute:
    return cls(module=json["module"], num_calls=json["numCalls"], dropped_bytes=json["droppedBytes"], repeated_flops=json["repeatedFlops"], peak_live_bytes=json["peakLiveBytes"], device_bytes=json["deviceBytes"], saved_bytes=json["savedBytes"], verdict=_verdict(json["verdict"]), confirm=json["confirm"])


@dataclass(frozen=True, kw_only=True)
class Optimizer:
  bytes: int
  share_percent: float
  bytes_per_parameter: float

  @classmethod
  def _of(cls, json: Json) -> Optimizer:
    return cls(bytes=json["bytes"], share_percent=json["sharePercent"], bytes_per_parameter=json["bytesPerParameter"])


@dataclass(frozen=True, kw_only=True)
class Arrays:
  operation: str
  shape: tuple[int, ...]
  dtype: str
  bytes: int

  @classmethod
  def _of(cls, json: Json) -> Arrays:
    return cls(operation=json["operation"], shape=tuple(json["shape"]), dtype=json["dtype"], bytes=json["bytes"])


@dataclass(frozen=True, kw_only=True)
class Spike:
  bytes: int
  share_percent: float
  phase: Literal["setup", "forward", "backward", "optimizer", "validation"]
  module: str
  arrays: tuple[Arrays, ...]

  @classmethod
  def _of(cls, json: Json) -> Spike:
    return cls(bytes=json["bytes"], share_percent=json["sharePercent"], phase=json["phase"], module=json["module"], arrays=tuple(Arrays._of(each) for each in json["arrays"]))


@dataclass(frozen=True, kw_only=True)
class Allocator:
  change: str
  device_bytes: int
  saved_bytes: int
  verdict: Verdict
  command: str
  line: str

  @classmethod
  def _of(cls, json: Json) -> Allocator:
    return cls(change=json["change"], device_bytes=json["deviceBytes"], saved_bytes=json["savedBytes"], verdict=_verdict(json["verdict"]), command=json["command"], line=json["line"])


@dataclass(frozen=True, kw_only=True, repr=False)
class RecordedAdvice(Report):
  """Of a step that was captured (--trace): what follows from it alone."""

  schema: Literal["gc-plan/advise@1"]
  tool: Tool
  """What wrote this document."""
  config: RecordedEstimateConfig
  """With --trace: everything the numbers depend on."""
  memory: Memory
  """Of the step as it is."""
  verdict: Verdict
  """Of the step as it is."""
  recompute: tuple[Recompute, ...]
  """Modules whose kept arrays are worth recomputing, by bytes saved per FLOP repeated."""
  optimizer: Optimizer
  spike: Spike
  """What is in use only while the operations at the peak run."""
  allocator: Allocator | None = None
  """Another setting of how the framework takes memory: PyTorch’s allocator, JAX’s share of the card."""
  smallest_device: str | None = None
  """The smallest known card on which it fits as it is."""
  accuracy: Accuracy
  """How this runtime’s estimates compared with ground truth."""
  assumptions: tuple[str, ...]

  @classmethod
  def _of(cls, json: Json, command: str) -> RecordedAdvice:
    return cls(_json=json, _command=command, schema=json["schema"], tool=Tool._of(json["tool"]), config=RecordedEstimateConfig._of(json["config"]), memory=Memory._of(json["memory"]), verdict=_verdict(json["verdict"]), recompute=tuple(Recompute._of(each) for each in json["recompute"]), optimizer=Optimizer._of(json["optimizer"]), spike=Spike._of(json["spike"]), allocator=Allocator._of(json["allocator"]) if "allocator" in json else None, smallest_device=json.get("smallestDevice"), accuracy=Accuracy._of(json["accuracy"]), assumptions=tuple(json["assumptions"]))


BeforeConfig = Union[Config, RecordedEstimateConfig]


def _before_config(json: Json) -> BeforeConfig:
  if "model" in json:
    return Config._of(json)
  return RecordedEstimateConfig._of(json)


@dataclass(frozen=True, kw_only=True)
class Before:
  config: BeforeConfig
  parameters: int
  memory: Memory
  """For a card without limit and the program as written."""
  verdict: Verdict
  cost: Cost | None = None
  """Absent of a recorded step."""
  accuracy: Accuracy
  """How this runtime’s estimates compared with ground truth."""
  assumptions: tuple[str, ...]
  command: str
  """The estimate command line that reproduces these numbers."""

  @classmethod
  def _of(cls, json: Json) -> Before:
    return cls(config=_before_config(json["config"]), parameters=json["parameters"], memory=Memory._of(json["memory"]), verdict=_verdict(json["verdict"]), cost=Cost._of(json["cost"]) if "cost" in json else None, accuracy=Accuracy._of(json["accuracy"]), assumptions=tuple(json["assumptions"]), command=json["command"])


@dataclass(frozen=True, kw_only=True)
class Categories:
  name: str
  before_bytes: int
  after_bytes: int

  @classmethod
  def _of(cls, json: Json) -> Categories:
    return cls(name=json["name"], before_bytes=json["beforeBytes"], after_bytes=json["afterBytes"])


@dataclass(frozen=True, kw_only=True)
class Causes:
  change: str
  device_bytes: int
  """With this change and all before it."""
  added_bytes: int

  @classmethod
  def _of(cls, json: Json) -> Causes:
    return cls(change=json["change"], device_bytes=json["deviceBytes"], added_bytes=json["addedBytes"])


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparison(Report):
  """What differs between two configurations, and because of what."""

  schema: Literal["gc-plan/compare@1"]
  tool: Tool
  """What wrote this document."""
  before: Before
  after: Before
  added_bytes: int
  """On the card, context and libraries included; negative: the second needs less."""
  categories: tuple[Categories, ...]
  """Live bytes at the peak; each column sums to its peakLiveBytes."""
  modules: tuple[Categories, ...]
  """Likewise."""
  causes: tuple[Causes, ...]
  """From the first to the second, one change after the other in this order; they sum to addedBytes."""

  @classmethod
  def _of(cls, json: Json, command: str) -> Comparison:
    return cls(_json=json, _command=command, schema=json["schema"], tool=Tool._of(json["tool"]), before=Before._of(json["before"]), after=Before._of(json["after"]), added_bytes=json["addedBytes"], categories=tuple(Categories._of(each) for each in json["categories"]), modules=tuple(Categories._of(each) for each in json["modules"]), causes=tuple(Causes._of(each) for each in json["causes"]))


@dataclass(frozen=True, kw_only=True)
class CardsCards:
  device: Device
  gpus: int
  """Cards of this kind: 1, what was typed, or the fewest that are enough where one is not."""
  verdict: Verdict
  device_bytes: int
  range: Range
  step_time_ms: float | None = None
  """A roofline model of a micro-step, not a measurement."""
  price_per_hour: float | None = None
  """Of one card."""
  price_per_thousand: float | None = None
  """Of 1,000 optimizer steps, or 1,000 calls in inference, at the roofline’s time: real steps take longer."""
  note: str | None = None
  """What this card makes of the precision, in a word."""
  change: str | None = None
  """Several cards: the flags to add."""
  command: str
  """The estimate command line that reproduces these numbers."""

  @classmethod
  def _of(cls, json: Json) -> CardsCards:
    return cls(device=Device._of(json["device"]), gpus=json["gpus"], verdict=_verdict(json["verdict"]), device_bytes=json["deviceBytes"], range=Range._of(json["range"]), step_time_ms=json.get("stepTimeMs"), price_per_hour=json.get("pricePerHour"), price_per_thousand=json.get("pricePerThousand"), note=json.get("note"), change=json.get("change"), command=json["command"])


@dataclass(frozen=True, kw_only=True)
class NotProposed:
  cards: tuple[str, ...]
  reason: str

  @classmethod
  def _of(cls, json: Json) -> NotProposed:
    return cls(cards=tuple(json["cards"]), reason=json["reason"])


@dataclass(frozen=True, kw_only=True, repr=False)
class Cards(Report):
  """On which cards a configuration fits, and what they cost."""

  schema: Literal["gc-plan/cards@1"]
  tool: Tool
  """What wrote this document."""
  config: BeforeConfig
  """With no card named."""
  cards: tuple[CardsCards, ...]
  """Those that fit first, by price where one is known, then by memory."""
  all: bool
  """A table lists them all, not only those that fit."""
  top: int | None = None
  """How many of those that fit a table lists."""
  cheapest: str | None = None
  """The first that fits; absent: none does."""
  not_proposed: NotProposed | None = None
  """Cards that the code base’s own code does not run on."""
  prices: Prices
  accuracy: Accuracy
  """How this runtime’s estimates compared with ground truth."""
  assumptions: tuple[str, ...]

  @classmethod
  def _of(cls, json: Json, command: str) -> Cards:
    return cls(_json=json, _command=command, schema=json["schema"], tool=Tool._of(json["tool"]), config=_before_config(json["config"]), cards=tuple(CardsCards._of(each) for each in json["cards"]), all=json["all"], top=json.get("top"), cheapest=json.get("cheapest"), not_proposed=NotProposed._of(json["notProposed"]) if "notProposed" in json else None, prices=Prices._of(json["prices"]), accuracy=Accuracy._of(json["accuracy"]), assumptions=tuple(json["assumptions"]))


@dataclass(frozen=True, kw_only=True)
class ExplanationPhases:
  phase: Literal["setup", "forward", "backward", "optimizer", "validation"]
  recompute: bool
  first_operation: int
  last_operation: int
  peak_live_bytes: int

  @classmethod
  def _of(cls, json: Json) -> ExplanationPhases:
    return cls(phase=json["phase"], recompute=json["recompute"], first_operation=json["firstOperation"], last_operation=json["lastOperation"], peak_live_bytes=json["peakLiveBytes"])


@dataclass(frozen=True, kw_only=True)
class Operations:
  operation: str
  module: str
  phase: Literal["setup", "forward", "backward", "optimizer", "validation"]
  recompute: bool
  """A forward operation that runs again for the backward pass."""
  live_bytes: int
  """The most that was alive while it ran."""
  by_category: tuple[int, ...]
  """In the order of `categories`; they sum to liveBytes."""
  by_module: tuple[int, ...]
  """In the order of `modules`; they sum to liveBytes."""

  @classmethod
  def _of(cls, json: Json) -> Operations:
    return cls(operation=json["operation"], module=json["module"], phase=json["phase"], recompute=json["recompute"], live_bytes=json["liveBytes"], by_category=tuple(json["byCategory"]), by_module=tuple(json["byModule"]))


@dataclass(frozen=True, kw_only=True)
class ExplanationPeak:
  phase: Literal["setup", "forward", "backward", "optimizer", "validation"]
  operation: str
  module: str
  at: int
  """Position in `operations`."""
  live_bytes: int
  num_arrays: int

  @classmethod
  def _of(cls, json: Json) -> ExplanationPeak:
    return cls(phase=json["phase"], operation=json["operation"], module=json["module"], at=json["at"], live_bytes=json["liveBytes"], num_arrays=json["numArrays"])


@dataclass(frozen=True, kw_only=True)
class Largest:
  bytes: int
  shape: str
  """In symbols, e.g. [meshEdges, 3·hiddenDim]."""
  lengths: tuple[int, ...]
  """The shape in numbers."""
  dtype: str
  category: Literal["parameter", "gradient", "optimizer", "input", "activation", "temporary"]
  module: str
  why: str
  made_by: str
  made_at: int | None
  """Position in `operations`; null: before this step."""
  freed_by: str | None
  """The operation after which it is gone; null: it outlives the step."""
  freed_at: int | None

  @classmethod
  def _of(cls, json: Json) -> Largest:
    return cls(bytes=json["bytes"], shape=json["shape"], lengths=tuple(json["lengths"]), dtype=json["dtype"], category=json["category"], module=json["module"], why=json["why"], made_by=json["madeBy"], made_at=json["madeAt"], freed_by=json["freedBy"], freed_at=json["freedAt"])


@dataclass(frozen=True, kw_only=True)
class Groups:
  bytes: int
  """Of each."""
  shape: str
  """In symbols, e.g. [meshEdges, 3·hiddenDim]."""
  lengths: tuple[int, ...]
  """The shape in numbers."""
  dtype: str
  category: Literal["parameter", "gradient", "optimizer", "input", "activation", "temporary"]
  why: str
  made_by: str
  made_at: int | None
  """The first one’s."""
  freed_by: str | None
  """The operation after which it is gone; null: it outlives the step."""
  freed_at: int | None
  """The first one’s."""
  count: int
  total_bytes: int

  @classmethod
  def _of(cls, json: Json) -> Groups:
    return cls(bytes=json["bytes"], shape=json["shape"], lengths=tuple(json["lengths"]), dtype=json["dtype"], category=json["category"], why=json["why"], made_by=json["madeBy"], made_at=json["madeAt"], freed_by=json["freedBy"], freed_at=json["freedAt"], count=json["count"], total_bytes=json["totalBytes"])


@dataclass(frozen=True, kw_only=True, repr=False)
class Explanation(Report):
  """What is alive through one training step, and why."""

  schema: Literal["gc-plan/explain@1"]
  tool: Tool
  """What wrote this document."""
  config: BeforeConfig
  command: str
  """The command line that reproduces this."""
  by: Literal["category", "module"]
  """What a picture is stacked by."""
  categories: tuple[Literal["parameter", "gradient", "optimizer", "input", "activation", "temporary"], ...]
  modules: tuple[str, ...]
  phases: tuple[ExplanationPhases, ...]
  operations: tuple[Operations, ...]
  """The last training step, in the order in which it runs."""
  peak: ExplanationPeak
  largest: tuple[Largest, ...]
  """Alive at the peak, the largest first."""
  groups: tuple[Groups, ...]
  """The same arrays, those that are alike but for their layer or step together; most bytes first."""
  verdict: Verdict
  accuracy: Accuracy
  """How this runtime’s estimates compared with ground truth."""
  assumptions: tuple[str, ...]

  @classmethod
  def _of(cls, json: Json, command: str) -> Explanation:
    return cls(_json=json, _command=command, schema=json["schema"], tool=Tool._of(json["tool"]), config=_before_config(json["config"]), command=json["command"], by=json["by"], categories=tuple(json["categories"]), modules=tuple(json["modules"]), phases=tuple(ExplanationPhases._of(each) for each in json["phases"]), operations=tuple(Operations._of(each) for each in json["operations"]), peak=ExplanationPeak._of(json["peak"]), largest=tuple(Largest._of(each) for each in json["largest"]), groups=tuple(Groups._of(each) for each in json["groups"]), verdict=_verdict(json["verdict"]), accuracy=Accuracy._of(json["accuracy"]), assumptions=tuple(json["assumptions"]))


@dataclass(frozen=True, kw_only=True)
class Baseline:
  file: str
  kind: Literal["compared", "written", "missing"]
  removed: tuple[str, ...]
  """Configurations that the baseline knows and the plan does not."""

  @classmethod
  def _of(cls, json: Json) -> Baseline:
    return cls(file=json["file"], kind=json["kind"], removed=tuple(json["removed"]))


@dataclass(frozen=True, kw_only=True)
class EntriesMemory:
  peak_live_bytes: int
  device_bytes: int
  range: Range
  by_module: tuple[MemoryByModule, ...]
  """They sum to peakLiveBytes."""

  @classmethod
  def _of(cls, json: Json) -> EntriesMemory:
    return cls(peak_live_bytes=json["peakLiveBytes"], device_bytes=json["deviceBytes"], range=Range._of(json["range"]), by_module=tuple(MemoryByModule._of(each) for each in json["byModule"]))


@dataclass(frozen=True, kw_only=True)
class Modules:
  module: str
  baseline_bytes: int
  bytes: int

  @classmethod
  def _of(cls, json: Json) -> Modules:
    return cls(module=json["module"], baseline_bytes=json["baselineBytes"], bytes=json["bytes"])


@dataclass(frozen=True, kw_only=True)
class Growth:
  baseline_bytes: int
  """peakLiveBytes when the baseline was written."""
  percent: float
  """Growth of peakLiveBytes; negative: it shrank."""
  modules: tuple[Modules, ...]
  """Largest growth first."""

  @classmethod
  def _of(cls, json: Json) -> Growth:
    return cls(baseline_bytes=json["baselineBytes"], percent=json["percent"], modules=tuple(Modules._of(each) for each in json["modules"]))


@dataclass(frozen=True, kw_only=True)
class FindingsTightOrExceeds:
  kind: Literal["tight", "exceeds"]
  shortfall_bytes: int

  @classmethod
  def _of(cls, json: Json) -> FindingsTightOrExceeds:
    return cls(kind=json["kind"], shortfall_bytes=json["shortfallBytes"])


@dataclass(frozen=True, kw_only=True)
class FindingsOverBudget:
  kind: Literal["overBudget"]
  over_bytes: int

  @classmethod
  def _of(cls, json: Json) -> FindingsOverBudget:
    return cls(kind=json["kind"], over_bytes=json["overBytes"])


@dataclass(frozen=True, kw_only=True)
class FindingsGrew:
  kind: Literal["grew"]
  percent: float
  grown_bytes: int
  module: str
  """The module that grew most."""
  module_grown_bytes: int

  @classmethod
  def _of(cls, json: Json) -> FindingsGrew:
    return cls(kind=json["kind"], percent=json["percent"], grown_bytes=json["grownBytes"], module=json["module"], module_grown_bytes=json["moduleGrownBytes"])


Findings = Union[FindingsTightOrExceeds, FindingsOverBudget, FindingsGrew]


def _findings(json: Json) -> Findings:
  if json["kind"] in ("tight", "exceeds",):
    return FindingsTightOrExceeds._of(json)
  if json["kind"] in ("overBudget",):
    return FindingsOverBudget._of(json)
  return FindingsGrew._of(json)


@dataclass(frozen=True, kw_only=True)
class Entries:
  name: str
  line: int
  """Where it stands in the plan file."""
  command: str
  """The estimate command line that reproduces the numbers."""
  config: BeforeConfig
  verdict: Verdict
  memory: EntriesMemory
  budget_bytes: int | None = None
  """Compared with range.highBytes."""
  growth: Growth | None = None
  """Absent: the baseline does not know this configuration."""
  findings: tuple[Findings, ...]
  """Empty: it passes."""

  @classmethod
  def _of(cls, json: Json) -> Entries:
    return cls(name=json["name"], line=json["line"], command=json["command"], config=_before_config(json["config"]), verdict=_verdict(json["verdict"]), memory=EntriesMemory._of(json["memory"]), budget_bytes=json.get("budgetBytes"), growth=Growth._of(json["growth"]) if "growth" in json else None, findings=tuple(_findings(each) for each in json["findings"]))


@dataclass(frozen=True, kw_only=True, repr=False)
class Check(Report):
  """The configurations of a plan file against their cards, budgets and baseline."""

  schema: Literal["gc-plan/check@1"]
  tool: Tool
  """What wrote this document."""
  plan_file: str
  baseline: Baseline
  max_growth_percent: float
  passed: bool
  num_failed: int
  entries: tuple[Entries, ...]
  assumptions: tuple[str, ...]

  @classmethod
  def _of(cls, json: Json, command: str) -> Check:
    return cls(_json=json, _command=command, schema=json["schema"], tool=Tool._of(json["tool"]), plan_file=json["planFile"], baseline=Baseline._of(json["baseline"]), max_growth_percent=json["maxGrowthPercent"], passed=json["passed"], num_failed=json["numFailed"], entries=tuple(Entries._of(each) for each in json["entries"]), assumptions=tuple(json["assumptions"]))


@dataclass(frozen=True, kw_only=True)
class TracePeak:
  phase: Literal["setup", "forward", "backward", "optimizer", "validation"]
  operation: str
  module: str

  @classmethod
  def _of(cls, json: Json) -> TracePeak:
    return cls(phase=json["phase"], operation=json["operation"], module=json["module"])


@dataclass(frozen=True, kw_only=True)
class Compiled:
  card: str
  """That it was compiled for."""
  argument_bytes: int
  """As the compiler counts it."""
  output_bytes: int
  """As the compiler counts it."""
  alias_bytes: int
  """Of results that are written over a donated argument."""
  temporary_bytes: int
  """The arena."""
  constant_bytes: int
  """Of the program; not part of the peak."""
  temporary_range: Range
  """The arena over the kernels that it was compiled with."""

  @classmethod
  def _of(cls, json: Json) -> Compiled:
    return cls(card=json["card"], argument_bytes=json["argumentBytes"], output_bytes=json["outputBytes"], alias_bytes=json["aliasBytes"], temporary_bytes=json["temporaryBytes"], constant_bytes=json["constantBytes"], temporary_range=Range._of(json["temporaryRange"]))


@dataclass(frozen=True, kw_only=True)
class CaptureTrace:
  file: str
  file_bytes: int
  num_buffers: int
  num_events: int
  parameters: RecordedEstimateParameters
  peak_live_bytes: int
  """Of the last step."""
  peak: TracePeak
  compiled: Compiled | None = None
  """Of a step that was compiled: its peak is arguments + outputs − aliased + temporaries."""

  @classmethod
  def _of(cls, json: Json) -> CaptureTrace:
    return cls(file=json["file"], file_bytes=json["fileBytes"], num_buffers=json["numBuffers"], num_events=json["numEvents"], parameters=RecordedEstimateParameters._of(json["parameters"]), peak_live_bytes=json["peakLiveBytes"], peak=TracePeak._of(json["peak"]), compiled=Compiled._of(json["compiled"]) if "compiled" in json else None)


@dataclass(frozen=True, kw_only=True)
class Measured:
  file: str
  lines: tuple[Mapping[str, object], ...]

  @classmethod
  def _of(cls, json: Json) -> Measured:
    return cls(file=json["file"], lines=tuple(json["lines"]))


@dataclass(frozen=True, kw_only=True)
class Unseen:
  what: str
  """The function, or the file and line."""
  why: str
  next_step: str

  @classmethod
  def _of(cls, json: Json) -> Unseen:
    return cls(what=json["what"], why=json["why"], next_step=json["nextStep"])


@dataclass(frozen=True, kw_only=True, repr=False)
class Capture(Report):
  """A training step of one’s own, recorded without a GPU."""

  schema: Literal["gc-plan/capture@1"]
  tool: Tool
  """What wrote this document."""
  framework: Literal["jax", "pytorch"]
  source: str
  """File and function that were captured."""
  versions: Mapping[str, str]
  trace: CaptureTrace | None
  """null: the step did not run to its end, and `unseen` says where."""
  measured: Measured | None = None
  """With --device cuda: what PyTorch and the driver counted, in the format of verify --measured."""
  unseen: tuple[Unseen, ...]
  """Empty: everything was seen, and the exit code is 0."""
  assumptions: tuple[str, ...]

  @classmethod
  def _of(cls, json: Json, command: str) -> Capture:
    return cls(_json=json, _command=command, schema=json["schema"], tool=Tool._of(json["tool"]), framework=json["framework"], source=json["source"], versions=json["versions"], trace=None if json["trace"] is None else CaptureTrace._of(json["trace"]), measured=Measured._of(json["measured"]) if "measured" in json else None, unseen=tuple(Unseen._of(each) for each in json["unseen"]), assumptions=tuple(json["assumptions"]))


class Options(TypedDict, total=False):
  """What one configuration is made of: the flags of gc-plan, in snake_case."""

  hidden_dim: int | str | None
  """Width of every latent row. Activations grow linearly with it, parameters quadratically."""
  layers: int | str | None
  """Message-passing layers of the processor, weights not shared. Parameters and processor activations grow linearly."""
  mesh_level: int | str | None
  """Refinements of the icosahedron (graph-weather: H3 resolution). +1 quadruples mesh nodes and edges."""
  mlp_hidden_layers: int | str | None
  """Hidden layers of each MLP. Each one adds two kept arrays per row in PyTorch, and hidden-dim² parameters per MLP."""
  input_channels: int | str | None
  """Width of one grid row as the network reads it (DeepMind: with 3 structural features)."""
  output_channels: int | str | None
  """Width of one predicted grid row. Predictions, targets and the loss grow with it."""
  radius_fraction: float | str | None
  """grid2mesh radius ÷ longest edge of the finest mesh. Encoder edges grow with its square."""
  processor: Literal["interaction", "attention", "gated", "gated-edges", "transformer", "point-wise"] | None
  """Processor layer: interaction network, graph transformer, residual gated graph convolution without or with edge features, transformer over the rows of the mesh, or an MLP of each row; only the first keeps edge state."""
  heads: int | str | None
  """Attention heads; must divide hidden-dim. A few bytes per edge and head."""
  mlp_ratio: int | str | None
  """Width of the attention layer’s MLP ÷ hidden-dim. Two kept arrays of that width per mesh node."""
  attention_backend: Literal["pyg", "triton"] | None
  """anemoi’s attention kernels. triton keeps one array per edge, pyg three."""
  resolution: str | float | PathLike[str] | None
  """Grid spacing in degrees, on the code base’s own grid. Halving it quadruples grid nodes, and encoder and decoder edges."""
  grid: str | float | PathLike[str] | None
  """Grid rows and columns instead of a resolution (an odd number of latitudes has both poles), or a reduced Gaussian grid: o96, n320."""
  mesh: str | float | PathLike[str] | None
  """A latent mesh of the points of a reduced Gaussian grid instead of a refined icosahedron. It has no edges: for processors over rows."""
  grid_kind: Literal["poles", "no-poles", "cut"] | None
  """Whether the rows include both poles, lie half a cell off, or are a poles grid without its last row."""
  levels: Literal["13", "37", 13, 37] | None
  """Pressure levels. Sets input and output channels by DeepMind’s formula: 12 input and 6 output channels per level."""
  grid_nodes: int | str | None
  """Points of the data grid of a graph of one's own. All five are typed together."""
  mesh_nodes: int | str | None
  """Nodes of the latent mesh of a graph of one's own. All five are typed together."""
  mesh_edges: int | str | None
  """Directed edges between mesh nodes of a graph of one's own. All five are typed together."""
  grid2mesh_edges: int | str | None
  """Encoder edges, grid to mesh, of a graph of one's own. All five are typed together."""
  mesh2grid_edges: int | str | None
  """Decoder edges, mesh to grid, of a graph of one's own. All five are typed together."""
  import_: str | float | PathLike[str] | None
  """Instead of MODEL: a configuration of DeepMind’s GraphCast (JSON, or a checkpoint .npz), PhysicsNeMo, anemoi, graph_weather or neural-lam."""
  recipe: str | float | PathLike[str] | None
  """A recipe profile, e.g. fine-tuning: its options replace the model profile’s."""
  runtime: Literal["jax", "pytorch", "tfjs"] | None
  """Whose memory rules apply."""
  precision: Literal["fp32", "bf16", "fp16", "bf16-full"] | None
  """bf16 and fp16 are mixed: parameters, gradients and optimizer state stay fp32. bf16-full holds everything in bf16."""
  mode: Literal["train", "inference"] | None
  """Inference keeps nothing for a backward pass and has no optimizer."""
  batch: int | str | None
  """Samples per GPU and micro-step. Activations grow linearly. Inference: samples per call, 1 unless typed."""
  accumulate: int | str | None
  """Micro-steps per optimizer step. Keeps the gradients alive during the forward pass."""
  rollout: int | str | None
  """Autoregressive steps in one program. Training: the gradient flows through all of them, and activations grow linearly unless each step is recomputed. Inference: the predictions of all steps stay on the card; 1 is one step per call, however long the forecast."""
  ensemble: int | str | None
  """Members on the card, told apart by noise that the processor’s norms read: samples are members × batch."""
  optimizer: Literal["adamw", "adamw-fused", "adamw-8bit", "adam", "adafactor", "sgd", "momentum", "none"] | None
  """adamw and adam hold two arrays per parameter, adamw-8bit two of a byte per element, adafactor a row and a column, momentum one, sgd none. adamw in PyTorch is its foreach implementation."""
  amsgrad: bool | None
  """Adam and AdamW keep the largest second moment too: one array more per parameter."""
  ema: bool | None
  """A moving average of the parameters stays on the card: one copy more (AveragedModel, Lightning’s EMAWeightAveraging)."""
  set_to_none: bool | None
  """Gradients are freed before the forward pass, as zero_grad does by default; without, they are set to zero and stay."""
  checkpoint: str | float | PathLike[str] | None
  """What is recomputed in the backward pass instead of kept: none, or parts joined by +, e.g. encoder+processor:every=2. Inference takes edges:blocks=N and processor:blocks=M of anemoi: its mappers and its graph transformer in chunks."""
  offload: Literal["none", "optimizer", "boundary", "optimizer+boundary"] | None
  """What waits in the host’s memory: the optimizer’s state, the inputs of recomputed segments (boundary), or both."""
  concat_trick: Literal["off", "eager", "fused"] | None
  """PhysicsNeMo: project nodes before gathering them, so that no edges × 3·hidden-dim array exists."""
  recompute_activation: bool | None
  """PhysicsNeMo: keep an MLP’s pre-activation only and recompute the activation; one array less per row and layer."""
  allocator: Literal["native", "expandable"] | None
  """PyTorch’s caching allocator, or its expandable segments, which fragment less."""
  mem_fraction: float | str | None
  """JAX’s share of the card (XLA_CLIENT_MEM_FRACTION; its old name: XLA_PYTHON_CLIENT_MEM_FRACTION), 0.75 by default."""
  jax_allocator: Literal["default", "no-preallocation", "platform"] | None
  """How JAX takes memory: its share at the start, as it needs it (XLA_PYTHON_CLIENT_PREALLOCATE=false, same limit), or array by array from the whole card (XLA_PYTHON_CLIENT_ALLOCATOR=platform, slow)."""
  xla_gemm: Literal["auto", "cublas", "triton"] | None
  """Who multiplies matrices in XLA:GPU. auto gives cublas’s number and a range that covers triton."""
  tape: Literal["plain", "fused", "lean"] | None
  """What the TensorFlow.js tape keeps: plain operations, fused matMul, or custom gradients that keep less."""
  gpus: int | str | None
  """How many cards share the work."""
  parallel: Literal["none", "data", "zero1", "zero2", "zero3", "pipeline", "graph", "tensor", "model"] | None
  """How the cards share it. data keeps a full copy on each; zero1, 2, 3 shard optimizer state, gradients, parameters; model cuts one sample over them as anemoi does."""
  pipeline_schedule: Literal["1f1b", "gpipe"] | None
  """Micro-batches of --parallel pipeline: one forward and one backward pass in turn, or all forward passes first."""
  gpu: str | float | PathLike[str] | None
  """The card, as gc-plan profiles or nvidia-smi writes it; auto: the one of this machine."""
  vram: str | float | PathLike[str] | None
  """Instead of a card: its memory. GB and GiB both mean GiB, the size on the box."""
  architecture: Literal["kepler", "maxwell", "pascal", "volta", "turing", "ampere", "ada", "hopper", "blackwell"] | None
  """Generation of a card given by --vram: Ampere or newer by default. Older ones have no bf16."""
  reserve: str | float | PathLike[str] | None
  """Memory that other processes hold on the card, e.g. a desktop."""
  allow_tight: bool | None
  """Count “may fit” as fitting: exit 0 where it is expected to go in, but not the upper end of its range."""
  mapper: Literal["gnn", "graphtransformer", "transformer", "point-wise"] | None
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: The networks between data grid and mesh."""
  window_size: int | str | None
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: Rows on either side that a row of the transformer processor looks at, -1 for all. Costs no memory with flash, a dense mask per layer with sdpa."""
  mapper_window_size: int | str | None
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: The same of transformer mappers. With sdpa a window is a dense mask of grid × mesh rows in the encoder, and another in the decoder."""
  attention_implementation: Literal["flash", "sdpa"] | None
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: Transformers over rows: flash-attn (16-bit precisions alone), or PyTorch’s scaled_dot_product_attention."""
  qk_norm: bool | None
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: A LayerNorm of every head’s queries and keys in the processor."""
  diagnostic_channels: int | str | None
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: Output channels that are not fed back: the residual leaves them out."""
  processor_chunks: int | str | None
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: num_chunks of the processor where nothing is recomputed: the input of each group of layers lives until the group ends. Recomputed groups are processor:every of --checkpoint."""
  coarsest_scale: int | str | None
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: The refinement of TriNodes with which the mesh’s edges begin: 1, as the shipped groups say (60 edges fewer), or 0 (scale_resolutions null or not there). -1: 1 beside a reduced Gaussian grid, 0 in the graphs of regular grids, which are GraphCast’s."""
  loss: Literal["mse", "crps", "crps-naive"] | None
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: mse: torch’s, over every member. crps: the kernel CRPS of the members on the card, all pairs of them at once (backend stable; fair and almost fair alike); crps-naive: pair by pair. Both in a checkpoint of their own, as anemoi trains."""
  strategy: Literal["single", "ddp"] | None
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: ddp: anemoi’s own strategies, DistributedDataParallel on one card too: its bucket is one more copy of the parameters in gradients, and a hook makes every gradient anew. single: neither (SingleDeviceStrategy)."""
  validation_batch: int | str | None
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: Samples on a card in validation (dataloader.batch_size.validation, shipped as 4): its pass without gradients follows the step, while the step’s gradients and the optimizer’s states lie there, and the numbers are of the two. 0: training alone."""
  attention: Literal["triblockdiag", "mha"] | None
  """DeepMind's GenCast, DeepMind's WeatherNext 2: How mesh nodes look at each other: in blocks, three of them for each (triblockdiag_mha), or all at all (mha). splash_mha runs on TPU only."""
  k_hop: int | str | None
  """DeepMind's GenCast, DeepMind's WeatherNext 2: How many mesh edges a node looks far. Blocks grow linearly with it, and what is multiplied with its square."""


class OptionLists(TypedDict, total=False):
  """As Options; each may be several values, or a text such as '4..16:4'."""

  hidden_dim: Lists[int | str]
  """Width of every latent row. Activations grow linearly with it, parameters quadratically."""
  layers: Lists[int | str]
  """Message-passing layers of the processor, weights not shared. Parameters and processor activations grow linearly."""
  mesh_level: Lists[int | str]
  """Refinements of the icosahedron (graph-weather: H3 resolution). +1 quadruples mesh nodes and edges."""
  mlp_hidden_layers: Lists[int | str]
  """Hidden layers of each MLP. Each one adds two kept arrays per row in PyTorch, and hidden-dim² parameters per MLP."""
  input_channels: Lists[int | str]
  """Width of one grid row as the network reads it (DeepMind: with 3 structural features)."""
  output_channels: Lists[int | str]
  """Width of one predicted grid row. Predictions, targets and the loss grow with it."""
  radius_fraction: Lists[float | str]
  """grid2mesh radius ÷ longest edge of the finest mesh. Encoder edges grow with its square."""
  processor: Lists[Literal["interaction", "attention", "gated", "gated-edges", "transformer", "point-wise"]]
  """Processor layer: interaction network, graph transformer, residual gated graph convolution without or with edge features, transformer over the rows of the mesh, or an MLP of each row; only the first keeps edge state."""
  heads: Lists[int | str]
  """Attention heads; must divide hidden-dim. A few bytes per edge and head."""
  mlp_ratio: Lists[int | str]
  """Width of the attention layer’s MLP ÷ hidden-dim. Two kept arrays of that width per mesh node."""
  attention_backend: Lists[Literal["pyg", "triton"]]
  """anemoi’s attention kernels. triton keeps one array per edge, pyg three."""
  resolution: Lists[str | float | PathLike[str]]
  """Grid spacing in degrees, on the code base’s own grid. Halving it quadruples grid nodes, and encoder and decoder edges."""
  grid: Lists[str | float | PathLike[str]]
  """Grid rows and columns instead of a resolution (an odd number of latitudes has both poles), or a reduced Gaussian grid: o96, n320."""
  mesh: Lists[str | float | PathLike[str]]
  """A latent mesh of the points of a reduced Gaussian grid instead of a refined icosahedron. It has no edges: for processors over rows."""
  grid_kind: Lists[Literal["poles", "no-poles", "cut"]]
  """Whether the rows include both poles, lie half a cell off, or are a poles grid without its last row."""
  levels: Lists[Literal["13", "37", 13, 37]]
  """Pressure levels. Sets input and output channels by DeepMind’s formula: 12 input and 6 output channels per level."""
  grid_nodes: Lists[int | str]
  """Points of the data grid of a graph of one's own. All five are typed together."""
  mesh_nodes: Lists[int | str]
  """Nodes of the latent mesh of a graph of one's own. All five are typed together."""
  mesh_edges: Lists[int | str]
  """Directed edges between mesh nodes of a graph of one's own. All five are typed together."""
  grid2mesh_edges: Lists[int | str]
  """Encoder edges, grid to mesh, of a graph of one's own. All five are typed together."""
  mesh2grid_edges: Lists[int | str]
  """Decoder edges, mesh to grid, of a graph of one's own. All five are typed together."""
  import_: Lists[str | float | PathLike[str]]
  """Instead of MODEL: a configuration of DeepMind’s GraphCast (JSON, or a checkpoint .npz), PhysicsNeMo, anemoi, graph_weather or neural-lam."""
  recipe: Lists[str | float | PathLike[str]]
  """A recipe profile, e.g. fine-tuning: its options replace the model profile’s."""
  runtime: Lists[Literal["jax", "pytorch", "tfjs"]]
  """Whose memory rules apply."""
  precision: Lists[Literal["fp32", "bf16", "fp16", "bf16-full"]]
  """bf16 and fp16 are mixed: parameters, gradients and optimizer state stay fp32. bf16-full holds everything in bf16."""
  mode: Lists[Literal["train", "inference"]]
  """Inference keeps nothing for a backward pass and has no optimizer."""
  batch: Lists[int | str]
  """Samples per GPU and micro-step. Activations grow linearly. Inference: samples per call, 1 unless typed."""
  accumulate: Lists[int | str]
  """Micro-steps per optimizer step. Keeps the gradients alive during the forward pass."""
  rollout: Lists[int | str]
  """Autoregressive steps in one program. Training: the gradient flows through all of them, and activations grow linearly unless each step is recomputed. Inference: the predictions of all steps stay on the card; 1 is one step per call, however long the forecast."""
  ensemble: Lists[int | str]
  """Members on the card, told apart by noise that the processor’s norms read: samples are members × batch."""
  optimizer: Lists[Literal["adamw", "adamw-fused", "adamw-8bit", "adam", "adafactor", "sgd", "momentum", "none"]]
  """adamw and adam hold two arrays per parameter, adamw-8bit two of a byte per element, adafactor a row and a column, momentum one, sgd none. adamw in PyTorch is its foreach implementation."""
  amsgrad: Lists[bool]
  """Adam and AdamW keep the largest second moment too: one array more per parameter."""
  ema: Lists[bool]
  """A moving average of the parameters stays on the card: one copy more (AveragedModel, Lightning’s EMAWeightAveraging)."""
  set_to_none: Lists[bool]
  """Gradients are freed before the forward pass, as zero_grad does by default; without, they are set to zero and stay."""
  checkpoint: Lists[str | float | PathLike[str]]
  """What is recomputed in the backward pass instead of kept: none, or parts joined by +, e.g. encoder+processor:every=2. Inference takes edges:blocks=N and processor:blocks=M of anemoi: its mappers and its graph transformer in chunks."""
  offload: Lists[Literal["none", "optimizer", "boundary", "optimizer+boundary"]]
  """What waits in the host’s memory: the optimizer’s state, the inputs of recomputed segments (boundary), or both."""
  concat_trick: Lists[Literal["off", "eager", "fused"]]
  """PhysicsNeMo: project nodes before gathering them, so that no edges × 3·hidden-dim array exists."""
  recompute_activation: Lists[bool]
  """PhysicsNeMo: keep an MLP’s pre-activation only and recompute the activation; one array less per row and layer."""
  allocator: Lists[Literal["native", "expandable"]]
  """PyTorch’s caching allocator, or its expandable segments, which fragment less."""
  mem_fraction: Lists[float | str]
  """JAX’s share of the card (XLA_CLIENT_MEM_FRACTION; its old name: XLA_PYTHON_CLIENT_MEM_FRACTION), 0.75 by default."""
  jax_allocator: Lists[Literal["default", "no-preallocation", "platform"]]
  """How JAX takes memory: its share at the start, as it needs it (XLA_PYTHON_CLIENT_PREALLOCATE=false, same limit), or array by array from the whole card (XLA_PYTHON_CLIENT_ALLOCATOR=platform, slow)."""
  xla_gemm: Lists[Literal["auto", "cublas", "triton"]]
  """Who multiplies matrices in XLA:GPU. auto gives cublas’s number and a range that covers triton."""
  tape: Lists[Literal["plain", "fused", "lean"]]
  """What the TensorFlow.js tape keeps: plain operations, fused matMul, or custom gradients that keep less."""
  gpus: Lists[int | str]
  """How many cards share the work."""
  parallel: Lists[Literal["none", "data", "zero1", "zero2", "zero3", "pipeline", "graph", "tensor", "model"]]
  """How the cards share it. data keeps a full copy on each; zero1, 2, 3 shard optimizer state, gradients, parameters; model cuts one sample over them as anemoi does."""
  pipeline_schedule: Lists[Literal["1f1b", "gpipe"]]
  """Micro-batches of --parallel pipeline: one forward and one backward pass in turn, or all forward passes first."""
  gpu: Lists[str | float | PathLike[str]]
  """The card, as gc-plan profiles or nvidia-smi writes it; auto: the one of this machine."""
  vram: Lists[str | float | PathLike[str]]
  """Instead of a card: its memory. GB and GiB both mean GiB, the size on the box."""
  architecture: Lists[Literal["kepler", "maxwell", "pascal", "volta", "turing", "ampere", "ada", "hopper", "blackwell"]]
  """Generation of a card given by --vram: Ampere or newer by default. Older ones have no bf16."""
  reserve: Lists[str | float | PathLike[str]]
  """Memory that other processes hold on the card, e.g. a desktop."""
  allow_tight: Lists[bool]
  """Count “may fit” as fitting: exit 0 where it is expected to go in, but not the upper end of its range."""
  mapper: Lists[Literal["gnn", "graphtransformer", "transformer", "point-wise"]]
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: The networks between data grid and mesh."""
  window_size: Lists[int | str]
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: Rows on either side that a row of the transformer processor looks at, -1 for all. Costs no memory with flash, a dense mask per layer with sdpa."""
  mapper_window_size: Lists[int | str]
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: The same of transformer mappers. With sdpa a window is a dense mask of grid × mesh rows in the encoder, and another in the decoder."""
  attention_implementation: Lists[Literal["flash", "sdpa"]]
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: Transformers over rows: flash-attn (16-bit precisions alone), or PyTorch’s scaled_dot_product_attention."""
  qk_norm: Lists[bool]
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: A LayerNorm of every head’s queries and keys in the processor."""
  diagnostic_channels: Lists[int | str]
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: Output channels that are not fed back: the residual leaves them out."""
  processor_chunks: Lists[int | str]
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: num_chunks of the processor where nothing is recomputed: the input of each group of layers lives until the group ends. Recomputed groups are processor:every of --checkpoint."""
  coarsest_scale: Lists[int | str]
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: The refinement of TriNodes with which the mesh’s edges begin: 1, as the shipped groups say (60 edges fewer), or 0 (scale_resolutions null or not there). -1: 1 beside a reduced Gaussian grid, 0 in the graphs of regular grids, which are GraphCast’s."""
  loss: Lists[Literal["mse", "crps", "crps-naive"]]
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: mse: torch’s, over every member. crps: the kernel CRPS of the members on the card, all pairs of them at once (backend stable; fair and almost fair alike); crps-naive: pair by pair. Both in a checkpoint of their own, as anemoi trains."""
  strategy: Lists[Literal["single", "ddp"]]
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: ddp: anemoi’s own strategies, DistributedDataParallel on one card too: its bucket is one more copy of the parameters in gradients, and a hook makes every gradient anew. single: neither (SingleDeviceStrategy)."""
  validation_batch: Lists[int | str]
  """anemoi's graph transformer, anemoi's GNN, anemoi's transformer, anemoi's point-wise MLP: Samples on a card in validation (dataloader.batch_size.validation, shipped as 4): its pass without gradients follows the step, while the step’s gradients and the optimizer’s states lie there, and the numbers are of the two. 0: training alone."""
  attention: Lists[Literal["triblockdiag", "mha"]]
  """DeepMind's GenCast, DeepMind's WeatherNext 2: How mesh nodes look at each other: in blocks, three of them for each (triblockdiag_mha), or all at all (mha). splash_mha runs on TPU only."""
  k_hop: Lists[int | str]
  """DeepMind's GenCast, DeepMind's WeatherNext 2: How many mesh edges a node looks far. Blocks grow linearly with it, and what is multiplied with its square."""
