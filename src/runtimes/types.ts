import type { Config } from '../config/types.js';
import type { ForwardProgram } from '../ir/forward-program.js';
import type { Segmentation } from '../ir/segmentation.js';
import type { Dimensions } from '../ir/shape.js';
import type { Trace } from '../memory/trace.js';
import type { JudgedStep, JudgeInput, ProcessInput, ProcessMemory } from './process.js';

/** How one framework keeps arrays for the backward pass: a checkpoint plan's cut, and a lowering of the forward program. */
export interface Runtime {
  readonly segment: (config: Config) => Segmentation;
  /** Symbols of its own, such as padded row counts; added to the model's. */
  readonly dimensions: (base: Dimensions, config: Config) => Dimensions;
  /** Equal keys: sizes at which a structure's events come in the same order. Absent: at all sizes. */
  readonly sizeClass?: (config: Config) => string;
  readonly trace: (program: ForwardProgram, config: Config) => Trace;
  readonly process: (input: ProcessInput) => ProcessMemory;
  /** The verdict that follows from `process`, where it can be had for less. */
  readonly judge?: (input: JudgeInput) => JudgedStep;
}
