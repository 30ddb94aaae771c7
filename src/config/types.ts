/** The three nouns of the tool, as trusted values: parsed once at the border (`config/`), never validated again. */

export type RuntimeName = 'jax' | 'pytorch' | 'tfjs';
export type Precision = 'fp32' | 'bf16' | 'fp16' | 'bf16-full';
export type Mode = 'train' | 'inference';
export type Optimizer = 'adamw' | 'adamw-fused' | 'adamw-8bit' | 'adam' | 'adafactor' | 'sgd' | 'momentum' | 'none';
/** What waits in the host's memory: the optimizer's state, the inputs of recomputed segments (`boundary`), or both. */
export type Offload = 'none' | 'optimizer' | 'boundary' | 'optimizer+boundary';
/** The order in which a stage of a pipeline runs the micro-batches of an optimizer step. */
export type PipelineSchedule = '1f1b' | 'gpipe';
export type ProcessorKind = 'interaction' | 'attention' | 'gated' | 'gated-edges';
export type Parallelism = 'none' | 'data' | 'zero1' | 'zero2' | 'zero3' | 'pipeline' | 'graph' | 'tensor';

/** `poles`: latitude rows include both poles; `no-poles`: half a cell off; `cut`: poles grid without its last row; `physicsnemo`: that code base's linspace. */
export type GridKind = 'poles' | 'no-poles' | 'cut' | 'physicsnemo';

export interface Grid {
  readonly latitudes: number;
  readonly longitudes: number;
  readonly kind: GridKind;
}

/**
 * Which code base's networks: parameter widths, frames and order of operations follow it.
 * `jax` = google-deepmind/graphcast; `physicsnemo` = NVIDIA GraphCastNet; the others are PyTorch-only.
 */
export type ModelLayout =
  | 'jax'
  | 'physicsnemo'
  | 'anemoi-graphtransformer'
  | 'anemoi-gnn'
  | 'graph-weather'
  | 'neural-lam';

export interface Model {
  readonly name: string;
  readonly layout: ModelLayout;
  readonly hiddenDim: number;
  /** Message-passing layers of the processor; weights are not shared. */
  readonly layers: number;
  readonly meshLevel: number;
  readonly mlpHiddenLayers: number;
  readonly grid: Grid;
  /** 13 or 37 in the published models; absent where a code base has no such notion. */
  readonly pressureLevels?: number;
  /** Width of one grid row as the network reads it (JAX: with the 3 structural features). */
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly radiusFraction: number;
  readonly processor: ProcessorKind;
  /** Attention processor only. */
  readonly heads: number;
  readonly mlpRatio: number;
  readonly attentionBackend: 'pyg' | 'triton';
}

/** What is recomputed in the backward pass, as typed with `--checkpoint`; a runtime cuts the program from it. */
export interface CheckpointPlan {
  readonly encoder: boolean;
  readonly decoder: boolean;
  readonly model: boolean;
  readonly rollout: boolean;
  readonly processor:
    | { readonly kind: 'none' }
    | { readonly kind: 'every'; readonly layers: number }
    | { readonly kind: 'segments'; readonly segments: number };
  readonly edges: { readonly kind: 'none' } | { readonly kind: 'scan' | 'loop'; readonly blocks: number };
}

export interface Recipe {
  readonly precision: Precision;
  readonly mode: Mode;
  /** Samples per GPU and micro-step. */
  readonly batchSize: number;
  /** Micro-steps per optimizer step. */
  readonly accumulate: number;
  readonly rolloutSteps: number;
  readonly optimizer: Optimizer;
  readonly checkpoint: CheckpointPlan;
  readonly offload: Offload;
  readonly concatTrick: 'off' | 'eager' | 'fused';
  readonly recomputeActivation: boolean;
  readonly allocator: 'native' | 'expandable';
  /** JAX's share of the card. */
  readonly memFraction: number;
  readonly xlaGemm: 'auto' | 'cublas' | 'triton';
  readonly tape: 'plain' | 'fused' | 'lean';
  readonly gpus: number;
  readonly parallel: Parallelism;
  readonly pipelineSchedule: PipelineSchedule;
}

export interface Device {
  readonly name: string;
  readonly vendor: 'nvidia' | 'amd' | 'any';
  /** Size on the box. */
  readonly nominalBytes: number;
  /** What the driver reports as total. */
  readonly reportedBytes: number;
  /** CUDA/HIP context and loaded modules of an idle process, per runtime. */
  readonly contextBytes: Readonly<Record<RuntimeName, number>>;
  readonly cublasWorkspaceBytes: number;
  readonly bandwidthGBps: number;
  /** Dense TFLOP/s; absent where the card has no such units. */
  readonly tflops: { readonly fp32: number; readonly tf32?: number; readonly fp16?: number; readonly bf16?: number };
  /** NVIDIA compute capability ×10 (90 = Hopper), 0 elsewhere. */
  readonly computeCapability: number;
  readonly sources: readonly string[];
}

/** Everything an estimate depends on, resolved. */
export interface Config {
  readonly runtime: RuntimeName;
  readonly model: Model;
  readonly recipe: Recipe;
  /** Absent: no card was named; context and library bytes are then an H100's and an assumption says so. */
  readonly device: Device | null;
  /** Held by other processes on the same card. */
  readonly reserveBytes: number;
  readonly allowTight: boolean;
  /** Sentences: what was dropped, defaulted or is run by nobody. They travel inside every report. */
  readonly assumptions: readonly string[];
}
