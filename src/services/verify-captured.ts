/** `gc-plan verify --runtime pytorch`: one step of the code base's own classes, captured in the user's Python, against our own trace of it. */
import { fullElementBytes } from '../config/choices.js';
import { orList } from '../config/nearest.js';
import type { Config } from '../config/types.js';
import { InputError } from '../errors.js';
import { liveness } from '../memory/liveness.js';
import { bufferBytes, type Trace } from '../memory/trace.js';
import { counts } from '../models/counts.js';
import { codeBaseOf, codeBases, layoutOf } from '../models/index.js';
import { type ResolveInput, resolveConfig } from '../options/resolve.js';
import { priceProgram } from '../price.js';
import type { Verification } from '../reports/verify/schema.js';
import { recordStep } from '../verify/capture/run.js';
import type { CapturedTrace } from '../verify/capture/trace-file.js';
import { errorsPercent, firstParting, isWithin, type StepBytes } from '../verify/compare.js';
import { configurationFlagsOf, parseVerifyOptions, type VerifyOptions } from '../verify/options.js';
import { tool } from '../version.js';
import { reportedConfig } from './priced.js';
import { predictedBytes, record } from './verify.js';

/** The example that NVIDIA ships. */
const defaultModel = 'physicsnemo-graphcast';

export async function verifyCaptured(input: ResolveInput, signal: AbortSignal | undefined): Promise<Verification> {
  const options = parseVerifyOptions(input.flags);
  const config = await resolveConfig({ ...input, defaultModel, flags: configurationFlagsOf(input.flags) });
  const report = await verifyConfigCaptured(config, options, signal);
  record(report, options);
  return report;
}

/** As the code base's own step is built: one model on one card, without what its training loop wraps around it. */
export function asCaptured(config: Config): Config {
  const { ownStepHas } = codeBaseOf(config.model.layout);
  if (ownStepHas === undefined) return config;
  const said = Object.entries(ownStepHas).map(([key, value]) => `--${key} ${value}`);
  return {
    ...config,
    model: { ...config.model, own: { ...config.model.own, ...ownStepHas } },
    assumptions: [...config.assumptions, `The captured step is one with ${said.join(', ')}.`],
  };
}

export async function verifyConfigCaptured(
  typed: Config,
  options: Pick<VerifyOptions, 'python' | 'timeoutMs' | 'tolerancePercent'>,
  signal?: AbortSignal,
): Promise<Verification> {
  const { python = 'python3', timeoutMs, tolerancePercent } = options;
  const config = asCaptured(typed);
  const { model, recipe } = config;
  const numbers = counts(model);
  const { versions, unseen, captured } = await recordStep({
    python,
    timeoutMs,
    file: stepFileOf(config),
    functionName: 'step',
    configuration: { model, recipe, counts: numbers },
    signal,
  });
  if (captured === undefined) throw notRecorded(unseen);
  const priced = priceProgram(config, numbers);
  const predicted = predictedBytes({ ...priced, trace: lastStepOf(priced.trace) }, fullElementBytes(recipe));
  const measured = measuredBytes(captured);
  const errors = errorsPercent(predicted, measured);
  const bytesOfBuffer = bufferBytes(priced.trace, priced.dimensions);
  const parting = firstParting({ trace: lastStepOf(priced.trace), bytesOfBuffer }, captured);
  return {
    schema: 'gc-plan/verify@1',
    tool: tool(),
    config: reportedConfig(config),
    backend: { name: 'capture', version: inWords(versions), device: 'fake tensors, no card' },
    versions,
    steps: 2,
    predicted,
    measured,
    errorsPercent: errors,
    ...(parting !== undefined && { firstDivergence: parting }),
    verdict: { kind: isWithin(errors, tolerancePercent) ? 'within' : 'outside' },
    assumptions: [
      ...unseen.map(({ what, why }) => `Not seen: ${what}: ${why}.`),
      ...captured.head.notes,
      ...config.assumptions,
    ],
  };
}

function stepFileOf({ model, runtime }: Config): string {
  const { ownStep } = codeBaseOf(model.layout);
  if (ownStep !== undefined) return ownStep;
  const layouts = codeBases().flatMap((each) => (each.ownStep === undefined ? [] : Object.values(each.layouts)));
  throw new InputError(
    'not-run-here',
    `--runtime ${runtime}: ${layoutOf(model.layout).label} has no classes in it; ${orList([...new Set(layouts.map(({ label }) => label))])} do.`,
    [`gc-plan verify --runtime ${runtime} --measured FILE`, 'gc-plan profiles lists models'],
  );
}

function notRecorded(unseen: readonly { readonly what: string; readonly why: string; readonly nextStep: string }[]) {
  const [first] = unseen;
  return new InputError(
    'not-captured',
    `${first?.what}: ${first?.why}.`,
    unseen.map(({ nextStep }) => nextStep),
  );
}

function measuredBytes({ head, trace, bytesOfBuffer }: CapturedTrace): StepBytes {
  const { forwardEndBytes, peak, phases } = liveness(trace, {}, bytesOfBuffer);
  return {
    parameterBytes: head.parameters.bytes,
    forwardEndBytes,
    peakLiveBytes: peak.liveBytes,
    optimizerBytes: phases.find(({ phase }) => phase === 'optimizer')?.peakLiveBytes ?? 0,
  };
}

/** Where the first step's peak counts too, a capture's does not: caches that it makes are there in both. */
function lastStepOf(trace: Trace): Trace {
  const beforeBatch = trace.marks.findLastIndex(({ phase }) => phase === 'setup');
  const first = trace.marks[beforeBatch + 1]?.firstEvent ?? trace.lastStepFirstEvent;
  return { ...trace, lastStepFirstEvent: Math.max(first, trace.lastStepFirstEvent) };
}

const inWords = (versions: Readonly<Record<string, string>>): string =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
