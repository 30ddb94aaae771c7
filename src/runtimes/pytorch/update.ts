/** What the rules of every optimizer are given. */

import type { Shape } from '../../ir/shape.js';
import type { TraceRecorder } from '../../memory/recorder.js';

/** The shapes of the parameters that have a gradient, in their order. */
export interface Update {
  readonly recorder: TraceRecorder;
  readonly shapes: readonly Shape[];
  readonly elementBytes: number;
  /** For the rules that tell small tensors from large ones. */
  readonly numElementsOf: NumElementsOf;
}

export type NumElementsOf = (shape: Shape) => number;
