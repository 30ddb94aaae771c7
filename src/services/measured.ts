/** `gc-plan verify --measured FILE`: estimates compared with numbers that were measured elsewhere. */
import { standInDevice } from '../config/device.js';
import { readRegularText } from '../config/read-file.js';
import { counts } from '../models/counts.js';
import { type ResolveInput, resolveConfig } from '../options/resolve.js';
import { price } from '../price.js';
import type { Measured } from '../reports/measured/schema.js';
import { MiB } from '../units.js';
import { runJaxProbe } from '../verify/jax/probe.js';
import { type MeasuredRecord, parseMeasured, type Quantity } from '../verify/measured-file.js';
import { configurationFlagsOf, parseVerifyOptions, type VerifyOptions } from '../verify/options.js';
import { tool } from '../version.js';
import { reportedConfig } from './priced.js';
import { appendToLedger, defaultModel } from './verify.js';

/** 80,000 records. */
const measurements = { maximumBytes: 16 * MiB, kind: 'a file of measurements' };

type Compared = Measured['records'][number];

export async function measured(input: ResolveInput): Promise<Measured> {
  const options = parseVerifyOptions(input.flags);
  const file = options.measured!;
  return compared(parseMeasured(readRegularText(file, measurements), file), input, options);
}

/** `gc-plan verify --runtime jax`: the user's Python compiles the step for the card; the number is XLA's own. */
export async function compiled(input: ResolveInput, signal: AbortSignal | undefined): Promise<Measured> {
  const options = parseVerifyOptions(input.flags);
  const config = await resolveConfig({
    ...input,
    defaultModel: 'graphcast-small',
    flags: configurationFlagsOf(input.flags),
  });
  const device = config.device ?? standInDevice();
  const { python = 'python3', timeoutMs } = options;
  const { version, peakLiveBytes } = await runJaxProbe({ ...config, device }, { python, timeoutMs, signal });
  const quantities = [
    { quantity: 'peakLiveBytes', measuredAs: 'memory_analysis', measuredBytes: peakLiveBytes },
  ] as const;
  const model = input.model ?? config.model.name;
  return compared(
    [{ source: 'jax', version, device: device.name, model, flags: {}, quantities, where: python }],
    input,
    options,
  );
}

async function compared(
  measurements: readonly MeasuredRecord[],
  input: ResolveInput,
  options: VerifyOptions,
): Promise<Measured> {
  const records: Compared[] = [];
  for (const measurement of measurements) records.push(await compare(measurement, input, options));
  for (const record of records) appendToLedger(entryOf(record), options);
  const within = records.every(({ verdict }) => verdict.kind === 'within');
  return { schema: 'gc-plan/measured@1', tool: tool(), records, verdict: { kind: within ? 'within' : 'outside' } };
}

async function compare(record: MeasuredRecord, input: ResolveInput, options: VerifyOptions): Promise<Compared> {
  const model = input.model ?? record.model;
  const flags = { ...record.flags, ...configurationFlagsOf(input.flags) };
  const config = await resolveConfig({ ...input, model, defaultModel, flags });
  const { liveness, process, assumptions } = price(config, counts(config.model), standInDevice());
  const predicted: Readonly<Record<Quantity, number>> = {
    peakLiveBytes: liveness.peak.liveBytes,
    peakAllocatedBytes: process.peakAllocatedBytes,
    peakReservedBytes: process.peakReservedBytes,
    deviceBytes: process.deviceBytes,
  };
  const comparisons = record.quantities.map(({ quantity, measuredAs, measuredBytes }) => {
    const predictedBytes = predicted[quantity];
    const errorPercent = (100 * (predictedBytes - measuredBytes)) / measuredBytes;
    return { quantity, measuredAs, predictedBytes, measuredBytes, errorPercent };
  });
  const within = comparisons.every(({ errorPercent }) => Math.abs(errorPercent) <= options.tolerancePercent);
  const { source, version, device } = record;
  return {
    config: reportedConfig(config),
    source,
    ...(version !== undefined && { version }),
    ...(device !== undefined && { device }),
    comparisons,
    verdict: { kind: within ? 'within' : 'outside' },
    assumptions,
  };
}

function entryOf({ config, source, version = '', device = '', comparisons, verdict }: Compared) {
  const by = (bytes: 'predictedBytes' | 'measuredBytes') =>
    Object.fromEntries(comparisons.map((comparison) => [comparison.quantity, comparison[bytes]]));
  return {
    runtime: config.runtime,
    backend: { name: source, version, device },
    config: { model: config.model, recipe: config.recipe },
    predicted: by('predictedBytes'),
    measured: by('measuredBytes'),
    verdict: verdict.kind,
  };
}
