/** The library: one function per command. What it is handed is checked here, and the services trust it. */
import { InputError } from '../errors.js';
import { exportNames } from '../models/index.js';
import type { Flags } from '../options/typed.js';
import type { Advice, RecordedAdvice } from '../reports/advise/schema.js';
import type { Capture } from '../reports/capture/schema.js';
import type { Cards } from '../reports/cards/schema.js';
import type { Check } from '../reports/check/schema.js';
import type { Comparison } from '../reports/compare/schema.js';
import type { Estimate, RecordedEstimate } from '../reports/estimate/schema.js';
import type { Explanation } from '../reports/explain/schema.js';
import type { Init } from '../reports/init/schema.js';
import type { Solution } from '../reports/solve/schema.js';
import type { Sweep } from '../reports/sweep/schema.js';
import type { Validation } from '../reports/validate/schema.js';
import type { Verification } from '../reports/verify/schema.js';
import { frontOrders } from '../search/pareto.js';
import { solvable } from '../search/solve-values.js';
import { callback, flags, object, oneOf, positive, signal, text, truth, whole } from './checked.js';
import type {
  AdviseInput,
  CaptureInput,
  CardsInput,
  CardsTraceInput,
  CheckInput,
  CompareInput,
  CompareTracesInput,
  EstimateInput,
  ExplainInput,
  ExplainTraceInput,
  InitInput,
  SolveInput,
  SweepInput,
  TraceInput,
  VerifyInput,
  Watching,
} from './inputs.js';

export type * from './inputs.js';

const configuration = { model: text, flags };
const example = "estimate({ model: 'graphcast-small', flags: { batch: 2 } })";

/** The CLI's defaults hold wherever something is said; a call without a word is a slip. */
function said<Input extends { readonly model?: string; readonly flags?: Flags }>(
  input: Input,
): Input & { readonly flags: Flags } {
  if (input.model === undefined && Object.keys(input.flags ?? {}).length === 0)
    throw new InputError('missing-model', 'The input names no model.', [example]);
  return { ...input, flags: input.flags ?? {} };
}

const checkEstimate = object(configuration, example);

/** Memory of one configuration. Throws `InputError`. */
export async function estimate(input: EstimateInput): Promise<Estimate> {
  const checked = said(checkEstimate(input, 'The input of estimate'));
  const service = await import('../services/estimate.js');
  return service.estimate(checked);
}

const traceExample = "estimateTrace({ trace: 'step.trace.gz', flags: { gpu: 'l4' } })";
const recording = { trace: text, flags };
const checkTrace = object(recording, traceExample);

/** As the services name it. @throws where the input names no trace */
function recorded<Input extends { readonly trace?: string; readonly flags?: Flags }>(
  { trace, flags: typed = {}, ...rest }: Input,
  usage: string,
) {
  if (trace === undefined) throw new InputError('missing-trace', 'The input names no trace.', [usage]);
  return { ...rest, traceFile: trace, flags: typed };
}

/** Memory of a step of one's own that was captured. Throws `InputError`. */
export async function estimateTrace(input: TraceInput): Promise<RecordedEstimate> {
  const checked = recorded(checkTrace(input, 'The input of estimateTrace'), traceExample);
  const service = await import('../services/recorded.js');
  return (await service.recordedStep(checked)).estimate;
}

const adviseTraceExample = "adviseTrace({ trace: 'step.trace.gz', flags: { gpu: 'l4' } })";
const checkAdviseTrace = object(recording, adviseTraceExample);

/** What a captured step says of recomputing its modules, its optimizer, its spike. Throws `InputError`. */
export async function adviseTrace(input: TraceInput): Promise<RecordedAdvice> {
  const checked = recorded(checkAdviseTrace(input, 'The input of adviseTrace'), adviseTraceExample);
  const service = await import('../services/advise-recorded.js');
  return service.adviseRecorded(checked);
}

const checkCapture = object(
  { step: text, python: text, trace: text, timeout: whole(1_000_000), signal },
  "capture({ step: 'train.py:make_step' })",
);

/** Records a training step of one's own PyTorch code, without a GPU. Throws `InputError`, or `signal.reason`. */
export async function capture(input: CaptureInput): Promise<Capture> {
  const { step, signal: stop, timeout, ...typed } = checkCapture(input, 'The input of capture');
  const service = await import('../services/capture.js');
  const seconds = timeout === undefined ? {} : { timeout: String(timeout) };
  return service.capture({ step, flags: { ...typed, ...seconds }, signal: stop });
}

const checkAdvise = object(configuration, "advise({ model: 'graphcast-small', flags: { gpu: 'l4' } })");

/** Every single change that saves memory, and the cheapest combination that fits. Throws `InputError`. */
export async function advise(input: AdviseInput): Promise<Advice> {
  const checked = said(checkAdvise(input, 'The input of advise'));
  const service = await import('../services/advise.js');
  return service.advise(checked);
}

const checkSolve = object(
  { ...configuration, for: oneOf(...solvable) },
  "solve({ model: 'graphcast-small', for: 'batch', flags: { gpu: 'a100-40gb' } })",
);

/** The largest value of one option that fits on a card, and the next one, which does not. Throws `InputError`. */
export async function solve(input: SolveInput): Promise<Solution> {
  const checked = said(checkSolve(input, 'The input of solve'));
  const service = await import('../services/solve.js');
  return service.solve({ ...checked, for: checked.for });
}

const checkCompare = object(
  { ...configuration, other: text, changes: flags },
  "compare({ model: 'graphcast-small', flags: { gpu: 'l4' }, changes: { batch: 2 } })",
);

/** Two configurations side by side, and what each difference between them costs. Throws `InputError`. */
export async function compare(input: CompareInput): Promise<Comparison> {
  const { model, other, flags: shared, changes = {} } = said(checkCompare(input, 'The input of compare'));
  const service = await import('../services/compare.js');
  return service.compare({ models: [model, other], flags: shared, changes });
}

const compareTracesExample = "compareTraces({ trace: 'before.trace.gz', other: 'after.trace.gz' })";
const checkCompareTraces = object({ ...recording, other: text, changes: flags }, compareTracesExample);

/** Two captured steps, or one on another card, side by side. Throws `InputError`. */
export async function compareTraces(input: CompareTracesInput): Promise<Comparison> {
  const checked = checkCompareTraces(input, 'The input of compareTraces');
  const { traceFile, flags: shared, other, changes } = recorded(checked, compareTracesExample);
  const service = await import('../services/compare.js');
  const second = other === undefined ? {} : { trace: other };
  return service.compareRecorded({ flags: { trace: traceFile, ...shared }, changes: { ...second, ...changes } });
}

const checkCards = object({ ...configuration, prices: text }, "cards({ model: 'graphcast-small' })");

/** Every known card: verdict, spare memory, roofline time and price, the cheapest that fits first. Throws `InputError`. */
export async function cards(input: CardsInput): Promise<Cards> {
  const checked = said(checkCards(input, 'The input of cards'));
  const service = await import('../services/cards.js');
  return service.cards(checked);
}

const cardsTraceExample = "cardsTrace({ trace: 'step.trace.gz' })";
const checkCardsTrace = object({ ...recording, prices: text }, cardsTraceExample);

/** Every known card, for a step that was captured. Throws `InputError`. */
export async function cardsTrace(input: CardsTraceInput): Promise<Cards> {
  const checked = recorded(checkCardsTrace(input, 'The input of cardsTrace'), cardsTraceExample);
  const service = await import('../services/cards.js');
  return service.cardsRecorded(checked);
}

const explained = { by: oneOf('category', 'module'), top: whole(10_000), snapshot: text, perfetto: text };
const checkExplain = object({ ...configuration, ...explained }, "explain({ model: 'graphcast-small' })");

/** What is alive through one step, and the largest arrays at its peak. Throws `InputError`. */
export async function explain(input: ExplainInput): Promise<Explanation> {
  const checked = said(checkExplain(input, 'The input of explain'));
  const service = await import('../services/explain.js');
  return service.explain(checked);
}

const explainTraceExample = "explainTrace({ trace: 'step.trace.gz', by: 'module' })";
const checkExplainTrace = object({ ...recording, ...explained }, explainTraceExample);

/** What is alive through a step that was captured. Throws `InputError`. */
export async function explainTrace(input: ExplainTraceInput): Promise<Explanation> {
  const checked = recorded(checkExplainTrace(input, 'The input of explainTrace'), explainTraceExample);
  const service = await import('../services/explain.js');
  return service.explain(checked);
}

const checkSweep = object(
  {
    ...configuration,
    space: text,
    from: text,
    to: text,
    globalBatch: whole(65_536),
    limits: object(
      { require: text, maxParameters: positive, maxStepCost: positive },
      "limits: { require: 'batch>=2', maxParameters: 20e6 }",
    ),
    updates: text,
    prices: text,
    top: whole(Number.POSITIVE_INFINITY),
    order: oneOf(...frontOrders),
    exportTo: oneOf(...exportNames()),
    numWorkers: whole(256),
    signal,
    partial: truth,
    onProgress: callback,
  },
  "sweep({ model: 'graphcast-small', flags: { vram: '24GB', batch: '1..4' } })",
);

/** Which configurations of a space fit on a card, and the way from a small to a large one. Throws `InputError`, or `signal.reason`. */
export async function sweep(input: SweepInput): Promise<Sweep> {
  const checked = said(checkSweep(input, 'The input of sweep'));
  const service = await import('../services/sweep.js');
  return service.sweep(checked as Parameters<typeof service.sweep>[0]);
}

const checkCheck = object(
  { planFile: text, maxGrowth: text, updateBaseline: truth },
  "check({ planFile: 'plan.yaml' })",
);

/** The configurations of a plan file against cards, budgets and a baseline. Throws `InputError`. */
export async function check(input: CheckInput = {}): Promise<Check> {
  const checked = checkCheck(input, 'The input of check');
  const service = await import('../services/check.js');
  return service.check(checked);
}

const checkInit = object({ gpu: text, file: text, force: truth }, "init({ gpu: 'a100-40gb' })");

/** Writes a plan file for a card. Throws `InputError`. */
export async function init(input: InitInput = {}): Promise<Init> {
  const checked = checkInit(input, 'The input of init');
  const service = await import('../services/init.js');
  return service.init(checked);
}

const checkVerify = object(configuration, "verify({ model: 'tiny', flags: { steps: 3 } })");
const checkWatching = object({ signal, onProgress: callback }, 'verify(input, { signal })');

/** Runs real training steps and compares them with the estimate; `tiny` by default. Throws `InputError`, or `signal.reason`. */
export async function verify(input: VerifyInput = {}, watching: Watching = {}): Promise<Verification> {
  const checked = checkVerify(input, 'The input of verify');
  const watched = checkWatching(watching, 'The second argument of verify');
  const service = await import('../services/verify.js');
  return service.verify({ ...checked, flags: checked.flags ?? {} }, watched as Parameters<typeof service.verify>[1]);
}

/** The accuracy of every runtime, computed again from the ground truth that ships. */
export async function validate(): Promise<Validation> {
  const service = await import('../services/validate.js');
  return service.validate();
}

export { profiles } from '../services/profiles.js';
