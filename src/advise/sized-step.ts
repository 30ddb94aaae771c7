/** One configuration's step, priced as `estimate` does it, without what only a report needs. */
import type { ErrorBar } from '../accuracy/figures.js';
import type { Config, Device } from '../config/types.js';
import type { Dimensions } from '../ir/shape.js';
import { peakLiveBytes } from '../memory/liveness.js';
import { type Phase, reusedBytes, type Trace } from '../memory/trace.js';
import type { Counts } from '../models/dimensions.js';
import { dimensionsFor } from '../parallel/index.js';
import type { FittingStep } from '../runtimes/process.js';
import { roomForArrays, verdictOfCandidate } from '../search/candidate-verdict.js';

export interface SizedStep {
  readonly config: Config;
  readonly trace: Trace;
  readonly dimensions: Dimensions;
  readonly peakLiveBytes: number;
  /** One micro-step of several: in the later ones all gradients are there from the start. */
  readonly addsToGradients?: boolean;
  /** Symbols of rows of a block of edges: what is made of them counts where the forward pass keeps it for the backward pass. */
  readonly blockRows?: ReadonlySet<string>;
}

/** Its peak is looked for when it is asked for: most bounds are other moments. */
export function sizeStep(config: Config, trace: Trace, counts: Counts, addsToGradients = false): SizedStep {
  const dimensions = dimensionsFor(config, counts, trace);
  let peak: number | undefined;
  return {
    config,
    trace,
    dimensions,
    addsToGradients,
    get peakLiveBytes() {
      peak ??= peakLiveBytes(trace, reusedBytes(trace, dimensions).bytesOfBuffer);
      return peak;
    },
  };
}

export interface OnDevice {
  readonly device: Device;
  readonly errorBar: ErrorBar;
}

/** The verdict that `estimate` gives, where it is *fits*. */
export function fitting(
  { config, trace, dimensions, peakLiveBytes: live }: SizedStep,
  { device, errorBar }: OnDevice,
): FittingStep | undefined {
  const candidate = { config, unsizedStep: { trace }, dimensions, peakLiveBytes: live };
  const verdict = verdictOfCandidate(candidate, device, errorBar, 'fits');
  return verdict.kind === 'fits' ? verdict : undefined;
}

export const fits = (step: SizedStep, on: OnDevice): boolean => fitting(step, on) !== undefined;

/** The same with the largest share of the card that JAX can be given. */
export const mostArrayBytes = ({ recipe, ...config }: Config, device: Device): number =>
  roomForArrays({ ...config, recipe: { ...recipe, memFraction: 1 } }, device);

/** In the last step. */
export const firstEventOf = ({ marks, events, lastStepFirstEvent }: Trace, phase: Phase): number =>
  marks.find((mark) => mark.phase === phase && mark.firstEvent >= lastStepFirstEvent)?.firstEvent ?? events.length;
