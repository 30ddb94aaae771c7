import { liveness, peakLiveBytes as livePeak } from '../../../src/memory/liveness.js';
import { bufferBytes } from '../../../src/memory/trace.js';
import { type Verdict, verdictOf } from '../../../src/memory/verdict.js';
import { dimensionsOf } from '../../../src/models/dimensions.js';
import { forwardProgram } from '../../../src/models/index.js';
import type { ProcessMemory } from '../../../src/runtimes/process.js';
import { usableBytes } from '../../../src/runtimes/traits.js';
import { jaxRuntime } from '../../../src/runtimes/xla/index.js';
import { lossHeadWidths } from '../../../src/runtimes/xla/loss-head-width.js';
import type { Rule } from '../../../src/runtimes/xla/rules.js';
import { traceJax } from '../../../src/runtimes/xla/step.js';
import { jaxDimensions, lossHeadColumns } from '../../../src/runtimes/xla/symbols.js';
import { configOf, countsOf, deviceOf, type JaxRecord } from './records.js';

export interface PricedRecord {
  readonly record: JaxRecord;
  readonly peakLiveBytes: number;
  readonly argumentBytes: number;
  readonly process: ProcessMemory;
  readonly verdict: Verdict;
  readonly errorPercent: number;
  /** With the fewest and the most arrays that XLA may write in the loss. */
  readonly lossPeaks: readonly [number, number];
}

/** `without`: a rule of the lowering that is left out. */
export function priceRecord(record: JaxRecord, without?: Rule): PricedRecord {
  const config = configOf(record);
  const program = forwardProgram(config.model, config.recipe, jaxRuntime.segment(config));
  const dimensions = jaxDimensions(dimensionsOf(config, countsOf(record)), config, without);
  const trace = traceJax(program, config, without);
  const bytesOfBuffer = bufferBytes(trace, dimensions);
  const live = liveness(trace, dimensions, bytesOfBuffer);
  const device = deviceOf(record);
  const usable = usableBytes(device, config.recipe, 'jax', 0);
  const process = jaxRuntime.process({
    trace,
    bytesOfBuffer,
    peakLiveBytes: live.peak.liveBytes,
    config,
    device,
    usableBytes: usable,
    worstUnderPercent: 0,
  });
  const { parameter, optimizer, input } = live.byCategory;
  const peakLiveBytes = live.peak.liveBytes;
  const [fewest, most] = lossHeadWidths(config, without).map((width) => {
    const sizes = { ...dimensions, ...lossHeadColumns(config, [width]) };
    return livePeak(trace, bufferBytes(trace, sizes));
  });
  return {
    record,
    peakLiveBytes,
    argumentBytes: parameter + optimizer + input,
    process,
    verdict: verdictOf(process, { nominalBytes: device.nominalBytes, usableBytes: usable }),
    errorPercent: (peakLiveBytes / record.peak_bytes_estimate - 1) * 100,
    lossPeaks: [fewest!, most!],
  };
}
