import type { Config } from '../config/types.js';
import type { ForwardProgram } from '../ir/forward-program.js';
import type { Segmentation } from '../ir/segmentation.js';
import type { Dimensions } from '../ir/shape.js';
import type { Trace } from '../memory/trace.js';
import type { JudgedStep, JudgeInput, ProcessInput, ProcessMemory } from './process.js';

/** What a search may take for granted of a runtime's peaks; `tests/advise/bounds.exhaustive.test.ts` and `tests/search` try each of them. */
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
  /** Values of batch or resolution after which live bytes are never below where they were. */
  readonly rowsPeriod: number;
}

/** How one framework keeps arrays for the backward pass: a checkpoint plan's cut, and a lowering of the forward program. */
export interface Runtime {
  readonly segment: (config: Config) => Segmentation;
  /** Symbols of its own, such as padded row counts; added to the model's. */
  readonly dimensions: (base: Dimensions, config: Config) => Dimensions;
  /** Equal keys: sizes at which a structure's events come in the same order. Absent: at all sizes. */
  readonly sizeClass?: (config: Config) => string;
  readonly trace: (program: ForwardProgram, config: Config) => Trace;
  readonly process: (input: ProcessInput) => ProcessMemory;
  /** Over the bus to the host and back, per micro-step, with `numTraced` micro-steps in the trace's last step; absent: not modelled. */
  readonly hostTransferBytes?: (config: Config, trace: Trace, bytesOfBuffer: Float64Array, numTraced: number) => number;
  /** Data parallel: gradients are copied into buckets of their own before they are summed over the cards. */
  readonly bucketsGradients: boolean;
  readonly search: SearchAssumptions;
  /** Sentences that belong beside its numbers. */
  readonly assumptions?: (config: Config) => readonly string[];
  /** The verdict that follows from `process`, where it can be had for less. */
  readonly judge?: (input: JudgeInput) => JudgedStep;
}
