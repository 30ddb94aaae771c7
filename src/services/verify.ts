/** `gc-plan verify`: runs real training steps of a configuration and compares them with its estimate. */
import { cpus } from 'node:os';
import type { LedgerEntry } from '../accuracy/ledger.js';
import type { Config } from '../config/types.js';
import { InputError } from '../errors.js';
import { countParameters } from '../ir/forward-program.js';
import { liveness } from '../memory/liveness.js';
import { bufferBytes } from '../memory/trace.js';
import { counts } from '../models/counts.js';
import { type ResolveInput, resolveConfig } from '../options/resolve.js';
import { type PricedProgram, priceProgram } from '../price.js';
import type { Verification } from '../reports/verify/schema.js';
import { runtimeTraits } from '../runtimes/traits.js';
import { chooseBackend } from '../verify/backends/index.js';
import type { ChildOptions } from '../verify/child.js';
import { errorsPercent, firstDivergence, isWithin, type StepBytes } from '../verify/compare.js';
import { appendEntry, defaultLedgerFile } from '../verify/ledger.js';
import { measure, type Outcome } from '../verify/measure.js';
import { configurationFlagsOf, parseVerifyOptions, type VerifyOptions } from '../verify/options.js';
import { tool } from '../version.js';
import { requireMemory } from './machine-memory.js';
import { reportedConfig } from './priced.js';

export type Watching = Pick<ChildOptions, 'signal' | 'onProgress'>;

const bytesPerParameter = 4;

/** Verified by default: trains in seconds everywhere. */
export const defaultModel = 'tiny';

export async function verify(input: ResolveInput, watching: Watching = {}): Promise<Verification> {
  const options = parseVerifyOptions(input.flags);
  const config = await configOf(input);
  requireTfjs(config);
  const report = await verifyConfig(config, options, watching);
  record(report, options);
  return report;
}

export const configOf = (input: ResolveInput): Promise<Config> =>
  resolveConfig({ defaultModel, ...input, flags: { runtime: 'tfjs', ...configurationFlagsOf(input.flags) } });

export function requireTfjs({ runtime }: Config): void {
  if (runtimeTraits[runtime].verifiedBy === 'training steps') return;
  throw new InputError(
    'not-run-here',
    `--runtime ${runtime}: gc-plan runs TensorFlow.js itself, and compares other runtimes with what you measured.`,
    ['gc-plan verify --runtime tfjs', `gc-plan verify --runtime ${runtime} --measured FILE`],
  );
}

export async function verifyConfig(config: Config, options: VerifyOptions, watching: Watching): Promise<Verification> {
  chooseBackend(options.backend);
  const priced = priceProgram(config, counts(config.model));
  const { numSteps, timeoutMs, backend } = options;
  requireMemory(config, priced, backend);
  const outcome = await measure({ config, backend, numSteps }, { timeoutMs, ...watching });
  return toVerification(config, priced, outcome, options);
}

export function predictedBytes(
  { program, trace, dimensions }: PricedProgram,
  elementBytes = bytesPerParameter,
): StepBytes {
  const { forwardEndBytes, peak, phases } = liveness(trace, dimensions);
  return {
    parameterBytes: elementBytes * countParameters(program, dimensions).count,
    forwardEndBytes,
    peakLiveBytes: peak.liveBytes,
    optimizerBytes: phases.find(({ phase }) => phase === 'optimizer')?.peakLiveBytes ?? 0,
  };
}

function toVerification(config: Config, priced: PricedProgram, outcome: Outcome, options: VerifyOptions): Verification {
  const predicted = predictedBytes(priced);
  const common = {
    schema: 'gc-plan/verify@1',
    tool: tool(),
    config: reportedConfig(config),
    steps: options.numSteps,
    predicted,
    assumptions: config.assumptions,
  } as const;
  if (outcome.kind !== 'measured') {
    const name = chooseBackend(options.backend).kind === 'js' ? 'js' : 'node';
    return {
      ...common,
      backend: { name, version: '', device: '' },
      verdict: { kind: outcome.kind, reason: outcome.reason },
    };
  }
  const { backend, parameterBytes, step, losses, stepTimeMs, residentBytes } = outcome.measurement;
  const { forwardEndBytes, peakLiveBytes, optimizerBytes } = step;
  const measured = { parameterBytes, forwardEndBytes, peakLiveBytes, optimizerBytes };
  const errors = errorsPercent(predicted, measured);
  const divergence = firstDivergence(priced.trace, bufferBytes(priced.trace, priced.dimensions), step);
  return {
    ...common,
    backend,
    measured,
    errorsPercent: errors,
    ...(divergence !== undefined && { firstDivergence: divergence }),
    run: {
      losses,
      ...(stepTimeMs !== undefined && { stepTimeMs }),
      ...(residentBytes !== undefined && { residentBytes }),
    },
    verdict: { kind: isWithin(errors, options.tolerancePercent) ? 'within' : 'outside' },
  };
}

export function record(report: Verification, options: Pick<VerifyOptions, 'ledger'>): void {
  const { config, backend, predicted, measured, verdict } = report;
  const { runtime, model, recipe } = config;
  const measurement = measured === undefined ? {} : { measured };
  appendToLedger(
    { runtime, backend, config: { model, recipe }, predicted, ...measurement, verdict: verdict.kind },
    options,
  );
}

type Outcomes = Omit<LedgerEntry, 'schema' | 'time' | 'tool' | 'machine'>;

export function appendToLedger(entry: Outcomes, { ledger = defaultLedgerFile() }: Pick<VerifyOptions, 'ledger'>): void {
  const { platform, arch, versions } = process;
  appendEntry(ledger, {
    schema: 'gc-plan/ledger@1',
    time: new Date().toISOString(),
    tool: tool(),
    machine: { platform, arch, node: versions.node, cpu: cpus()[0]?.model ?? '' },
    ...entry,
  });
}
