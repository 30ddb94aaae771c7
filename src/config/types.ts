/** The three nouns of the tool, as trusted values: parsed once at the border (`config/`), never validated again. */
import type * as choices from './choices.js';
import type { ModelValues } from './model-options.js';
import type { Recipe } from './recipe-options.js';

export type RuntimeName = (typeof choices.runtimeNames)[number];
export type Precision = (typeof choices.precisions)[number];
export type Mode = (typeof choices.modes)[number];
export type Optimizer = (typeof choices.optimizers)[number];
export type Offload = (typeof choices.offloads)[number];
export type ProcessorKind = (typeof choices.processorKinds)[number];
export type Parallelism = (typeof choices.parallelisms)[number];
/** One of `choices.ts`, or one that a code base brings along (`models/index.ts`). */
export type GridKind = string;
/** Which networks: one of those that the registered code bases own (`models/index.ts`). */
export type ModelLayout = string;

/** Nodes and edges of one sample. */
export interface Counts {
  readonly gridNodes: number;
  readonly meshNodes: number;
  readonly meshEdges: number;
  readonly grid2meshEdges: number;
  readonly mesh2gridEdges: number;
}

export interface Grid {
  readonly latitudes: number;
  readonly longitudes: number;
  readonly kind: GridKind;
}

export type OwnValue = string | number | boolean;

/** The keys that one option each sets are described in `model-options.ts`. Layers share no weights; heads, ratio and backend are attention's. */
export interface Model extends ModelValues {
  readonly name: string;
  readonly layout: ModelLayout;
  readonly grid: Grid;
  /** A latent mesh of the points of a reduced Gaussian grid, which wins over the mesh level. */
  readonly mesh?: Grid;
  /** A graph of one's own, which wins over grid, mesh level and radius. */
  readonly counts?: Counts;
  /** 13 or 37 in the published models; absent where a code base has no such notion. */
  readonly pressureLevels?: number;
  /** Values of the options that only its code base has, by their keys (`models/code-base.ts`, `OwnOption`). */
  readonly own?: Readonly<Record<string, OwnValue>>;
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
  /** In a forecast the edges of every processor layer run in that many blocks, one after the other. */
  readonly processorBlocks?: number;
}

export type { Recipe } from './recipe-options.js';

export interface Device {
  readonly name: string;
  readonly vendor: 'nvidia' | 'amd' | 'any';
  /** Of a card that was named by its size alone: its generation, e.g. `Pascal` or `Ampere or newer`. */
  readonly architecture?: string;
  /** Of such a card: the least and the most that drivers report of known cards of that size; absent: none is known. */
  readonly reportedBySameSize?: readonly number[];
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
