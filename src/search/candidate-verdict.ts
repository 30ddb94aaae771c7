/** One candidate's live bytes and verdict, equal to what `estimate` prints for it. */
import { type ErrorBar, shippedErrorBar } from '../accuracy/figures.js';
import type { Config, Device } from '../config/types.js';
import type { Dimensions } from '../ir/shape.js';
import { reusedBytes } from '../memory/trace.js';
import { verdictOf } from '../memory/verdict.js';
import { counts } from '../models/counts.js';
import { dimensionsFor, runtimes } from '../parallel/index.js';
import type { StepVerdict, VerdictInput } from '../runtimes/process.js';
import { usableBytes } from '../runtimes/traits.js';
import type { Costs, StepByWidth, UnsizedStep } from './unsized-step.js';

/** One configuration on the structure that it shares. Its live bytes are worked out when they are first asked for. */
export class SizedCandidate implements Costs {
  readonly parameters: number;
  readonly sampleFlops: number;
  readonly recomputedSampleFlops: number;
  private liveBytes: number | undefined;

  /** `sized`: the structure at these dimensions, where candidates share it. */
  constructor(
    readonly config: Config,
    readonly unsizedStep: UnsizedStep,
    readonly dimensions: Dimensions = dimensionsFor(config, counts(config.model)),
    private readonly sized: StepByWidth = unsizedStep.inWidth(dimensions),
  ) {
    const { parameters, sampleFlops, recomputedSampleFlops } = sized.costsAt(dimensions.hiddenDim!);
    this.parameters = parameters;
    this.sampleFlops = sampleFlops;
    this.recomputedSampleFlops = recomputedSampleFlops;
  }

  get peakLiveBytes(): number {
    this.liveBytes ??= this.sized.peakLiveBytesAt(this.dimensions.hiddenDim!);
    return this.liveBytes;
  }
}

/** The part of a candidate that its verdict depends on. */
export type CandidateOnCard = Pick<SizedCandidate, 'config' | 'dimensions' | 'peakLiveBytes'> & {
  readonly unsizedStep: Pick<UnsizedStep, 'trace'>;
};

/** `errorBar`: how far such estimates were off so far. `asked`: *fits*, where it does not matter how much is missing. */
export function verdictOfCandidate(
  candidate: CandidateOnCard,
  device: Device,
  errorBar: ErrorBar = shippedErrorBar,
  asked: VerdictInput['asked'] = 'kind',
): StepVerdict {
  const { config, unsizedStep, dimensions, peakLiveBytes } = candidate;
  const { trace } = unsizedStep;
  const runtime = runtimes[config.runtime];
  const usable = usableBytes(device, config.recipe, config.runtime, config.reserveBytes);
  if (runtime.verdict)
    return runtime.verdict({ trace, peakLiveBytes, dimensions, config, device, usableBytes: usable, asked });
  const { bytesOfBuffer } = reusedBytes(trace, dimensions);
  const process = runtime.process({
    trace,
    bytesOfBuffer,
    peakLiveBytes,
    config,
    device,
    usableBytes: usable,
    worstUnderPercent: errorBar.worstUnderPercent,
  });
  const card = { nominalBytes: device.nominalBytes, usableBytes: usable };
  const { kind } = verdictOf(process, card);
  if (kind === 'unknown') throw new Error('a card was given, so that the verdict is known');
  return { kind, deviceBytes: process.deviceBytes, highBytes: process.range.highBytes };
}

/** With more live bytes it does not fit. */
export function mostLiveBytes(config: Config, device: Device, errorBar: ErrorBar): number {
  const arrayBytes = roomForArrays(config, device);
  const { mostLiveBytes: ofRuntime } = runtimes[config.runtime];
  return ofRuntime
    ? Math.min(arrayBytes, ofRuntime(config, arrayBytes, device, errorBar.worstUnderPercent))
    : arrayBytes;
}

/** Room for arrays beside the context. */
export const roomForArrays = ({ recipe, runtime, reserveBytes }: Config, device: Device): number =>
  usableBytes(device, recipe, runtime, reserveBytes) - device.contextBytes[runtime];
