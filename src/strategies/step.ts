/** One configuration's step, priced as `estimate` does it, without what only a report needs. */
import type { Config, Device } from '../config/types.js';
import { type FlopTerms, flopTerms } from '../cost/flops.js';
import { peakLiveBytes } from '../memory/liveness.js';
import { bufferBytes, categories, type Trace } from '../memory/trace.js';
import { usableBytes } from '../memory/verdict.js';
import { type Counts, dimensionsOf } from '../program/dimensions.js';
import { forwardProgram } from '../program/index.js';
import { type Dimensions, numElements } from '../program/shape.js';
import type { ForwardProgram } from '../program/types.js';
import { runtimes } from '../runtimes/index.js';
import { judgeCandidate } from '../search/judge.js';

export interface StepCost {
  /** FLOPs of a training step ÷ its samples. */
  readonly sampleFlops: number;
  readonly recomputedSampleFlops: number;
}

export function buildProgram(config: Config): ForwardProgram {
  return forwardProgram(config.model, config.recipe, runtimes[config.runtime].runtime.segment(config));
}

export function costOf(program: ForwardProgram, config: Config, counts: Counts): StepCost {
  const dimensions = { ...dimensionsOf(config, counts), batch: 1 };
  const sum = (terms: FlopTerms) =>
    terms.reduce((total, [shape, weight]) => total + weight * numElements(shape, dimensions), 0);
  const { forward, train, recomputed } = flopTerms(program);
  return { sampleFlops: sum(program.loss === undefined ? forward : train), recomputedSampleFlops: sum(recomputed) };
}

export interface SizedStep {
  readonly config: Config;
  readonly trace: Trace;
  readonly dimensions: Dimensions;
  readonly peakLiveBytes: number;
}

export function sizeStep(config: Config, trace: Trace, counts: Counts): SizedStep {
  const dimensions = runtimes[config.runtime].runtime.dimensions(dimensionsOf(config, counts), config);
  return { config, trace, dimensions, peakLiveBytes: peakLiveBytes(trace, bufferBytes(trace, dimensions)) };
}

/** The verdict that `estimate` gives. */
export function fits({ config, trace, dimensions, peakLiveBytes: live }: SizedStep, device: Device): boolean {
  return judgeCandidate({ config, structure: { trace }, dimensions, peakLiveBytes: live }, device).kind === 'fits';
}

/** What a process may take at most, with the largest share of the card that JAX can be given. */
export const mostUsableBytes = ({ recipe, runtime, reserveBytes }: Config, device: Device): number =>
  usableBytes(device, { ...recipe, memFraction: 1 }, runtime, reserveBytes);

const optimizerCategory = categories.indexOf('optimizer');

/** The most that is alive before the optimizer runs, its state left out: no other optimizer needs less. */
export function leastWithoutOptimizer({ trace, dimensions }: SizedStep): number {
  const bytesOf = bufferBytes(trace, dimensions);
  const lastOptimizer = trace.marks.findLast(({ phase }) => phase === 'optimizer')?.firstEvent ?? trace.events.length;
  let live = 0;
  let peak = 0;
  for (let i = 0; i < lastOptimizer; i++) {
    const buffer = Math.abs(trace.events[i]!) - 1;
    if (trace.bufferCategory[buffer] === optimizerCategory) continue;
    live += Math.sign(trace.events[i]!) * bytesOf[buffer]!;
    if (i >= trace.lastStepFirstEvent && live > peak) peak = live;
  }
  return peak;
}
