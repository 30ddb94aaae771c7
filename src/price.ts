/**
 * The one file that composes the stages: model and recipe → forward program → trace → peak → process → verdict.
 * Pure: everything it needs is in its arguments, and a search calls it as it is.
 */
import { type ErrorBar, shippedErrorBar } from './accuracy/figures.js';
import type { Config, Device } from './config/types.js';
import { countFlops, type Flops } from './cost/flops.js';
import { type Roofline, roofline } from './cost/roofline.js';
import { countParameters, type ForwardProgram, type ParameterCount } from './ir/forward-program.js';
import type { Dimensions } from './ir/shape.js';
import { checkCountable, type Liveness, liveness } from './memory/liveness.js';
import { bufferBytes, type Trace } from './memory/trace.js';
import { type Verdict, verdictOf } from './memory/verdict.js';
import type { Counts } from './models/dimensions.js';
import { dimensionsFor, programOf, runtimes, traceOf } from './parallel/index.js';
import { type OnCard, onCard } from './runtimes/on-card.js';
import type { ProcessMemory } from './runtimes/process.js';
import { usableBytes } from './runtimes/traits.js';

/** A step as arrays with names, shapes and lifetimes; what `explain` shows and `verify` compares with. */
export interface PricedProgram {
  readonly program: ForwardProgram;
  readonly trace: Trace;
  readonly dimensions: Dimensions;
}

export interface Priced extends PricedProgram {
  readonly counts: Counts;
  readonly liveness: Liveness;
  readonly process: ProcessMemory;
  readonly parameters: ParameterCount;
  readonly flops: Flops;
  readonly roofline: Roofline;
  readonly verdict: Verdict;
  readonly onCard: (OnCard & { readonly recomputation?: string }) | undefined;
  readonly assumptions: readonly string[];
}

/** `known`: program and trace of a configuration of the same structure, whatever its sizes. */
export function priceProgram(
  config: Config,
  counts: Counts,
  known?: Pick<PricedProgram, 'program' | 'trace'>,
): PricedProgram {
  const program = known?.program ?? programOf(config);
  const trace = known?.trace ?? traceOf(config, program);
  return { program, trace, dimensions: dimensionsFor(config, counts, trace) };
}

const aboutProcess = ({ rangeReason, recomputation }: ProcessMemory): readonly string[] =>
  [rangeReason, recomputation].filter((sentence) => sentence !== undefined);

/** `standIn`: whose context and libraries count where no card was named. `errorBar`: with such estimates so far. */
export function price(
  config: Config,
  counts: Counts,
  standIn: Device,
  step: PricedProgram = priceProgram(config, counts),
  errorBar: ErrorBar = shippedErrorBar,
): Priced {
  const runtime = runtimes[config.runtime];
  const { hostTransferBytes } = runtime;
  const { program, trace, dimensions } = step;
  const bytesOfBuffer = bufferBytes(trace, dimensions);
  const live = liveness(trace, dimensions, bytesOfBuffer);
  checkCountable(live.peak.liveBytes);
  const device = config.device ?? standIn;
  const usable =
    config.device === null ? undefined : usableBytes(device, config.recipe, config.runtime, config.reserveBytes);
  const process = runtime.process({
    trace,
    bytesOfBuffer,
    peakLiveBytes: live.peak.liveBytes,
    config,
    device,
    usableBytes: usable,
    worstUnderPercent: errorBar.worstUnderPercent,
  });
  const card = usable === undefined ? null : { nominalBytes: device.nominalBytes, usableBytes: usable };
  const words = onCard(runtime, config);
  const parameters = countParameters(program, dimensions);
  const flops = countFlops(program, dimensions);
  return {
    program,
    trace,
    dimensions,
    counts,
    liveness: live,
    process,
    parameters,
    flops,
    roofline: roofline({
      config,
      trace,
      bytesOfBuffer,
      numParameters: parameters.count,
      flops,
      ...(hostTransferBytes && {
        hostTransferBytes: (numTraced) => hostTransferBytes(config, trace, bytesOfBuffer, numTraced),
      }),
    }),
    verdict: verdictOf(process, card),
    onCard: words && { ...words, ...(process.recomputation !== undefined && { recomputation: process.recomputation }) },
    assumptions: [
      ...config.assumptions,
      ...(runtime.assumptions?.(config) ?? []),
      ...(words?.sentences ?? []),
      ...aboutProcess(process),
      ...(runtime.hostMemory === undefined
        ? []
        : [runtime.hostMemory({ config, trace, bytesOfBuffer, dimensions, numParameters: parameters.count })]),
      ...(config.device === null ? [`No card was named: context and library bytes are those of ${standIn.name}.`] : []),
    ],
  };
}
