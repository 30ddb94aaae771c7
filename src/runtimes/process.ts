/** From one step's arrays to what a process takes on the card; each runtime has its own allocator and its own uncertainty. */
import type { Config, Device, Recipe } from '../config/types.js';
import type { Dimensions } from '../ir/shape.js';
import type { Trace } from '../memory/trace.js';
import type { BytesRange, XlaRematKind } from '../memory/verdict.js';

export interface ProcessMemory {
  readonly peakAllocatedBytes: number;
  readonly peakReservedBytes: number;
  readonly minCapacityBytes?: number;
  readonly deviceBytes: number;
  readonly range: BytesRange;
  /** A sentence on what, beside measured errors, an end of the range comes from. */
  readonly rangeReason?: string;
  /** With this much the step is expected to run, if only just: by flushing (PyTorch), by XLA's recomputation, or as estimated. */
  readonly runsFromBytes: number;
  readonly xlaRemat?: { readonly kind: XlaRematKind; readonly limitBytes: number; readonly peakLiveBytes?: number };
  readonly preallocatedBytes?: number;
  /** On a card where XLA's recomputation decides: what is known of it, in a sentence. */
  readonly recomputation?: string;
}

export interface ProcessInput {
  readonly trace: Trace;
  readonly bytesOfBuffer: Float64Array;
  readonly peakLiveBytes: number;
  readonly config: Config;
  /** The named card, or the one whose context and libraries stand in for it. */
  readonly device: Device;
  /** What the process may take; absent where no card was named. */
  readonly usableBytes: number | undefined;
  /** How far estimates of this runtime were below what was measured, at worst. */
  readonly worstUnderPercent: number;
}

/** What a step leaves open once it is recorded. */
export type RecordedRecipe = Pick<Recipe, 'allocator' | 'memFraction' | 'jaxAllocator'>;

/** What a compiler allocates for the program: arguments + outputs − aliased + temporaries are alive at its peak. */
export interface CompiledBytes {
  readonly argumentBytes: number;
  readonly outputBytes: number;
  /** Of results that are written over an argument. */
  readonly aliasBytes: number;
  readonly temporaryBytes: number;
  readonly constantBytes: number;
  /** Temporaries from the luckiest to the unluckiest choice of kernels that was compiled. */
  readonly temporaryRange: BytesRange;
}

/** What is known of a step that was recorded, which no configuration describes. */
export type RecordedInput = Pick<
  ProcessInput,
  'trace' | 'bytesOfBuffer' | 'peakLiveBytes' | 'device' | 'usableBytes'
> & {
  readonly recipe: RecordedRecipe;
  readonly reserveBytes: number;
  /** Of a step that was compiled. */
  readonly compiled?: CompiledBytes | undefined;
};

/** What a search asks of a step at one size. */
export interface VerdictInput {
  readonly trace: Trace;
  readonly peakLiveBytes: number;
  readonly dimensions: Dimensions;
  readonly config: Config;
  readonly device: Device;
  readonly usableBytes: number;
  /** `fits`: whether it is that; of what is not, *exceeds* may stand for *tight*. */
  readonly asked: 'kind' | 'fits';
}

export type StepVerdict = FittingStep | NoFittingStep;

export interface FittingStep {
  readonly kind: 'fits';
  readonly deviceBytes: number;
  /** The upper end of the range. */
  readonly highBytes: number;
}

interface NoFittingStep {
  readonly kind: 'tight' | 'exceeds';
  /** Absent: the arrays alone are too much, and nothing was replayed; or more was not asked, and a replay ended where it was too much. */
  readonly deviceBytes: number | undefined;
}
