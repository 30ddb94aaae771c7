import type { Config, Device, Recipe } from '../config/types.js';
import type { ForwardProgram } from '../ir/forward-program.js';
import type { Segmentation } from '../ir/segmentation.js';
import type { Dimensions } from '../ir/shape.js';
import type { Trace } from '../memory/trace.js';
import type {
  ProcessInput,
  ProcessMemory,
  RecordedInput,
  RecordedRecipe,
  StepVerdict,
  VerdictInput,
} from './process.js';

export interface StepsThatTell {
  readonly number: 3 | 4;
  /** What a step keeps is on the card so long; after the next step's forward pass it waits on the host. */
  readonly keptUntil: 'itsBackwardPassEnds' | 'itsTapeEnds' | 'nextStepEnds';
}

/** What a search may take for granted of a runtime's peaks; `tests/advise/bounds*.exhaustive.test.ts` and `tests/search` try each of them. */
export interface SearchAssumptions {
  /** With gradient checkpointing a rollout step is recomputed as a whole before its backward pass begins. */
  readonly replaysRolloutStepFirst: boolean;
  /**
   * The processor's own moments in the forward pass depend on how it is cut into segments (a segment lets nothing go before it ends, or
   * is written where it ends), so that they bound no other cut.
   */
  readonly segmentsChangeForward: boolean;
  /** There is a moment at which the forward pass has ended and the backward pass has not begun. */
  readonly passesAreApart: boolean;
  /** Rollout steps that tell what the passes of any larger number need. Absent: more than two are traced as a loop. */
  readonly stepsThatTell?: (recipe: Recipe) => StepsThatTell;
  /** Gradients are its results, in which other arrays lie until they are written: which ones hangs on all of the step. Absent: never. */
  readonly resultsHoldArrays?: (config: Config) => boolean;
  /** A recipe with the same forward program, whose passes allocate and free the same arrays in the same order. Absent: its own alone. */
  readonly samePasses?: (recipe: Recipe) => Recipe;
  /** A recipe whose passes cost as many FLOPs and need no more: what they need at least holds for both. Absent: its own. */
  readonly boundedBy?: (recipe: Recipe) => Recipe;
  /** A step with this many times more live bytes than are usable is not even tight. */
  readonly tightUpTo: number;
  /** Values of batch or resolution after which live bytes are never below where they were. */
  readonly rowsPeriod: (config: Config) => number;
}

/** What a runtime makes of cards that its builds, or its precision, were not made for. */
export interface CardSupport {
  /** As sentences name it, with the release that the figures are of. */
  readonly label: string;
  /** Its current builds, newest first, and the oldest compute capability (×10) that each supports. */
  readonly builds: readonly { readonly name: string; readonly oldestComputeCapability: number }[];
  /** Equal: a step has the same kernels, and the same arrays, on either card. Absent: on all of them. */
  readonly kernelsOf?: (device: Device) => string;
}

/** A priced step, and what of it lies on the host as well. */
export interface HostInput {
  readonly config: Config;
  readonly trace: Trace;
  readonly bytesOfBuffer: Float64Array;
  readonly dimensions: Dimensions;
  readonly numParameters: number;
}

/** Sizes of a step, and the card that it is to fit. */
export interface RoomForPasses {
  readonly dimensions: Dimensions;
  readonly device: Device;
  readonly usableBytes: number;
}

/** What a runtime makes of a step that `gc-plan capture` recorded. */
export interface RecordedSteps {
  readonly process: (input: RecordedInput) => ProcessMemory;
  /** What can still be said of such a step. */
  readonly open: readonly (keyof RecordedRecipe)[];
  /** The other setting of it: the recipe with it, and how the framework is told. */
  readonly other: (recipe: RecordedRecipe) => { readonly recipe: RecordedRecipe; readonly line: string } | undefined;
}

/** How one framework keeps arrays for the backward pass: a checkpoint plan's cut, and a lowering of the forward program. */
export interface Runtime {
  readonly segment: (config: Config) => Segmentation;
  /** Of a checkpoint plan, what its step is made of: where that is equal, two plans have one program and one trace. */
  readonly cutsOf: (config: Config) => unknown;
  /** Where that is equal, two plans have one trace, though their programs differ. Absent: where cuts are. */
  readonly traceCutsOf?: (config: Config) => unknown;
  /** Symbols of its own, such as padded row counts; added to the model's. */
  readonly dimensions: (base: Dimensions, config: Config) => Dimensions;
  /** Equal keys: sizes at which a structure's events come in the same order. Absent: at all sizes. */
  readonly sizeClass?: (config: Config) => string;
  readonly trace: (program: ForwardProgram, config: Config) => Trace;
  /**
   * Forward and backward pass of one step, without an update: a step of any optimizer has its state, or none, on top of it. Absent: the
   * runtime interleaves the two.
   */
  readonly passes?: (program: ForwardProgram, config: Config) => Trace;
  /** The same, or nothing where a search would rule them out: they are traced no further than to where that shows. */
  readonly passesThatFit?: (program: ForwardProgram, config: Config, on: RoomForPasses) => Trace | undefined;
  /** Of training: what the optimizer holds all through the passes, and nothing else. Absent with `passes`. */
  readonly state?: (program: ForwardProgram, config: Config) => Trace;
  readonly process: (input: ProcessInput) => ProcessMemory;
  /** What the arrays take of the device at least, where an allocator has them in blocks; absent: their bytes. Overwrites `bytesOfBuffer`. */
  readonly leastReservedBytes?: (trace: Trace, bytesOfBuffer: Float64Array) => number;
  /** With more live bytes no step fits that many bytes beside the context; absent: with more than those. */
  readonly mostLiveBytes?: (config: Config, arrayBytes: number, device: Device, worstUnderPercent: number) => number;
  /** Absent: no step is recorded in this runtime. */
  readonly recorded?: RecordedSteps;
  /** Over the bus to the host and back, per micro-step, with `numTraced` micro-steps in the trace's last step; absent: not modelled. */
  readonly hostTransferBytes?: (config: Config, trace: Trace, bytesOfBuffer: Float64Array, numTraced: number) => number;
  /** A sentence on the host's memory, where people run out of it; absent: nothing is known. */
  readonly hostMemory?: (input: HostInput) => string;
  /** Data parallel: gradients are copied into buckets of their own before they are summed over the cards. */
  readonly bucketsGradients: boolean;
  readonly search: SearchAssumptions;
  readonly cards: CardSupport;
  /** Which share of what the driver reports a process may take, and why, in fewer than 48 letters. */
  readonly usableShare: (config: {
    readonly recipe: Pick<Recipe, 'memFraction' | 'jaxAllocator'>;
    readonly reserveBytes: number;
  }) => string;
  /** Where it keeps a part of the card back: that in words, the setting that gives it the largest share, and the recipe with it. */
  readonly largerShare?: (
    recipe: Pick<Recipe, 'memFraction' | 'jaxAllocator'>,
  ) => { readonly keptBack: string; readonly setting: string; readonly memFraction: number } | undefined;
  /** Sentences that belong beside its numbers. */
  readonly assumptions?: (config: Config) => readonly string[];
  /** The verdict that follows from `process`, where it can be had for less. */
  readonly verdict?: (input: VerdictInput) => StepVerdict;
}
