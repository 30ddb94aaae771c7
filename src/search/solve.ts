/**
 * The largest value of one option that fits. What an allocator reserves is not known to grow with the value, so that *the largest
 * that fits* is what it says, not the end of the first run that fits: live bytes prove an upper bound, and below it every value is
 * judged, from the top.
 */
import type { ErrorBar } from '../accuracy/figures.js';
import type { Config, Device } from '../config/types.js';
import { yieldToEvents } from '../event-loop.js';
import { peakLiveBytes } from '../memory/liveness.js';
import { reusedBytes, type Trace } from '../memory/trace.js';
import { counts } from '../models/counts.js';
import { dimensionsFor, runtimes, traceOf } from '../parallel/index.js';
import { type CandidateOnCard, mostLiveBytes, roomForArrays, verdictOfCandidate } from './candidate-verdict.js';
import { shapeKey, unsizedStepKey } from './unsized-step.js';

export interface Question {
  readonly numValues: number;
  /** From small to large. */
  readonly configAt: (index: number) => Config;
  readonly device: Device;
  readonly errorBar: ErrorBar;
  /** Live bytes never fall from one value to the one this many places on: segments of a checkpoint plan repeat. */
  readonly period: number;
  readonly allowTight: boolean;
}

export interface Solution {
  /** Index of the largest that fits; −1: none does. */
  readonly largest: number;
  readonly numJudged: number;
  /** Of the last that were looked at the trace that is there already. */
  readonly traceOf: (config: Config) => Trace;
}

export async function solve({
  numValues,
  configAt,
  device,
  errorBar,
  period,
  allowTight,
}: Question): Promise<Solution> {
  const traces = new LastTraces(16);
  const sized = (index: number): CandidateOnCard => {
    const config = configAt(index);
    const trace = traces.of(config);
    const dimensions = dimensionsFor(config, counts(config.model), trace);
    const { bytesOfBuffer } = reusedBytes(trace, dimensions);
    return { config, unsizedStep: { trace }, dimensions, peakLiveBytes: peakLiveBytes(trace, bytesOfBuffer) };
  };
  const arraysFit = async (index: number): Promise<boolean> => {
    await yieldToEvents();
    const candidate = sized(index);
    const { config } = candidate;
    const { tightUpTo } = runtimes[config.runtime].search;
    const most = allowTight ? tightUpTo * roomForArrays(config, device) : mostLiveBytes(config, device, errorBar);
    return leastBytes(candidate) <= most;
  };
  let largest = await lastTrue(numValues, arraysFit, period);
  let numJudged = 0;
  for (; largest >= 0; largest--) {
    await yieldToEvents();
    numJudged++;
    const { kind } = verdictOfCandidate(sized(largest), device, errorBar, allowTight ? 'kind' : 'fits');
    if (kind === 'fits' || (allowTight && kind === 'tight')) break;
  }
  return { largest, numJudged, traceOf: (config) => traces.of(config) };
}

/** In a narrow network of many layers PyTorch's blocks are a fifth larger than the arrays in them: hundreds of depths need no closer look. */
function leastBytes({ config, unsizedStep: { trace }, dimensions, peakLiveBytes: liveBytes }: CandidateOnCard): number {
  const { leastReservedBytes } = runtimes[config.runtime];
  return leastReservedBytes?.(trace, reusedBytes(trace, dimensions).bytesOfBuffer) ?? liveBytes;
}

type Holds = (index: number) => Promise<boolean>;

/**
 * Last index where `holds`, or −1, given that it never holds again `period` places after an index where it does not. By doubling and
 * halving to one end, then as long as one of the next `period` holds.
 */
export async function lastTrue(count: number, holds: Holds, period: number): Promise<number> {
  let last = -1;
  for (;;) {
    let end = last + 1;
    for (let step = 1; end < count && (await holds(end)); step *= 2) {
      last = end;
      end = Math.min(count, end + step);
    }
    while (end - last > 1) {
      const middle = (last + end) >> 1;
      if (await holds(middle)) last = middle;
      else end = middle;
    }
    const again = await firstTrue(last + 2, Math.min(count, last + 1 + period), holds);
    if (again === undefined) return last;
    last = again;
  }
}

async function firstTrue(from: number, end: number, holds: Holds): Promise<number | undefined> {
  for (let index = from; index < end; index++) if (await holds(index)) return index;
  return undefined;
}

/** A trace is looked at once or twice at each size: too few to pay for what a sweep makes of it (`envelope.ts`). */
class LastTraces {
  private readonly known: { readonly shape: string; readonly key: string; readonly trace: Trace }[] = [];

  constructor(private readonly maxKept: number) {}

  of(config: Config): Trace {
    const shape = shapeKey(config);
    const key = unsizedStepKey(config);
    const alike = this.known.filter((each) => each.shape === shape);
    const found = alike.find((each) => each.key === key) ?? alike.find(({ trace }) => trace.holdsFor?.(config));
    if (found !== undefined) return found.trace;
    const trace = traceOf(config);
    if (this.known.length >= this.maxKept) this.known.shift();
    this.known.push({ shape, key, trace });
    return trace;
  }
}
