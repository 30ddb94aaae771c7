/** `gc-plan verify --plan`: trains the stages of a progressive plan, grows from one to the next, and compares each with its estimate. */
import type { Config } from '../config/types.js';
import { InputError } from '../errors.js';
import { numElements } from '../ir/shape.js';
import { counts } from '../models/counts.js';
import { growthPlan } from '../models/growing/plan.js';
import { programCheckpoint } from '../models/growing/roles.js';
import { layoutOf } from '../models/index.js';
import type { ResolveInput } from '../options/resolve.js';
import { type PricedProgram, priceProgram } from '../price.js';
import type { PlanVerification } from '../reports/verify-plan/schema.js';
import { SizedCandidate } from '../search/candidate-verdict.js';
import { type GrownSize, growthPath, parseGrowth, type Size } from '../search/growth.js';
import { UnsizedStep } from '../search/unsized-step.js';
import { chooseBackend } from '../verify/backends/index.js';
import { errorsPercent, isWithin, type StepBytes } from '../verify/compare.js';
import { measureStages, type StagesOutcome } from '../verify/measure.js';
import { parseVerifyOptions, type VerifyOptions } from '../verify/options.js';
import { numTrainingSamples, type StageMeasurement } from '../verify/stages.js';
import { tool } from '../version.js';
import type { LadderWatching } from './ladder.js';
import { requireMemory } from './machine-memory.js';
import { reportedConfig } from './priced.js';
import { appendToLedger, configOf, predictedBytes, requireTfjs } from './verify.js';

/** Pure JavaScript takes minutes where the native library takes seconds. */
const usualSizes = { js: ['16/2', '32/4'], native: ['256/8', '512/16'] } as const;

/** The larger model is the same function; sums of fp32 in another order differ in their last digits. */
const largestPredictionDifference = 1e-4;
const largestLossDifferencePercent = 1;

interface PlannedStage {
  readonly size: GrownSize;
  readonly config: Config;
  readonly priced: PricedProgram;
  readonly predicted: StepBytes;
}

export async function verifyPlan(
  input: ResolveInput,
  { onRung = () => {}, onProgress = () => {}, signal }: LadderWatching = {},
): Promise<PlanVerification> {
  const options = parseVerifyOptions(input.flags);
  const { from, to } = sizesOf(input, options);
  const stages = await plannedStages(input, from, to);
  const { config } = stages.at(-1)!;
  requireStages(stages);
  requireMemory(config, stages.at(-1)!.priced, options.backend);
  const { batchSize } = config.recipe;
  const numSteps = input.flags.steps === undefined ? Math.ceil(numTrainingSamples / batchSize) : options.numSteps;
  let shown = 0;
  const outcome = await measureStages(
    { configs: stages.map((stage) => stage.config), backend: options.backend, numSteps },
    {
      timeoutMs: stages.length * options.timeoutMs,
      signal,
      onProgress(progress) {
        const { stage = 1 } = progress;
        if (stage > shown) onRung(stage, stages.length);
        shown = stage;
        onProgress(progress);
      },
    },
  );
  const report = reportOf(stages, outcome, { from, to, numSteps, options });
  record(report, stages, options);
  return report;
}

function sizesOf({ flags }: ResolveInput, { backend }: VerifyOptions) {
  const typed = ['hidden-dim', 'layers', 'ladder'].find((name) => flags[name] !== undefined);
  if (typed !== undefined)
    throw new InputError('conflicting-options', `--${typed} with --plan: a plan’s sizes are its first and its last.`, [
      '--from 16/2 --to 32/4',
      `Leave --${typed} out.`,
    ]);
  const [from, to] = usualSizes[chooseBackend(backend).kind];
  return parseGrowth(String(flags.from ?? from), String(flags.to ?? to));
}

async function plannedStages(input: ResolveInput, from: Size, to: Size): Promise<readonly PlannedStage[]> {
  const known = new Map<string, Config>();
  const key = ({ hiddenDim, layers }: Size) => `${hiddenDim}/${layers}`;
  const at = ({ hiddenDim, layers }: Size) =>
    configOf({ ...input, flags: { ...input.flags, 'hidden-dim': String(hiddenDim), layers: String(layers) } });
  const last = await at(to);
  requireTfjs(last);
  requireTraining(last);
  known.set(key(to), last);
  const sized = (size: Size): Config => ({ ...last, model: { ...last.model, ...size } });
  const flops = (size: Size) => {
    const config = sized({ hiddenDim: size.hiddenDim, layers: size.layers });
    return new SizedCandidate(config, new UnsizedStep(config)).sampleFlops;
  };
  const path = growthPath(from, to, flops);
  return Promise.all(
    path.map(async (size) => {
      const config = known.get(key(size)) ?? (await at(size));
      const priced = priceProgram(config, counts(config.model));
      return { size, config, priced, predicted: predictedBytes(priced) };
    }),
  );
}

function requireTraining({ recipe }: Config): void {
  if (recipe.mode === 'train' && recipe.optimizer !== 'none') return;
  throw new InputError('conflicting-options', '--plan trains: it needs --mode train and an optimizer.', [
    'gc-plan verify --plan --optimizer adamw',
  ]);
}

/** What cannot grow is refused before anything runs. */
function requireStages(stages: readonly PlannedStage[]): void {
  for (const [index, { size }] of stages.slice(1).entries()) {
    const { config, priced } = stages[index]!;
    const { program, dimensions } = priced;
    const arrays = program.parameters.map(({ value }) => {
      const { name, shape } = program.values[value]!;
      return { name, shape: shape.map((axis) => numElements([axis], dimensions)) };
    });
    try {
      growthPlan([programCheckpoint], arrays, { hiddenDim: size.hiddenDim, layers: size.layers });
    } catch (error) {
      if (!(error instanceof InputError) || !/^unknown-/.test(error.code)) throw error;
      throw new InputError(
        'not-grown-here',
        `--plan: networks of GraphCast’s shape grow here, with interaction layers; ${layoutOf(config.model.layout).label} with ${config.model.processor} layers is none.`,
        ['gc-plan verify tiny --plan', 'gc-plan grow FROM TO   grows checkpoints of other code bases'],
      );
    }
  }
}

interface PlanRun extends Pick<PlanVerification, 'from' | 'to'> {
  readonly numSteps: number;
  readonly options: VerifyOptions;
}

function reportOf(
  stages: readonly PlannedStage[],
  outcome: StagesOutcome,
  { from, to, numSteps, options }: PlanRun,
): PlanVerification {
  const { config } = stages.at(-1)!;
  const isTrained = outcome.kind === 'trained';
  const rows = stages.map(({ size: { hiddenDim, layers, growth }, predicted }, index) => {
    const common = { hiddenDim, layers, growth, parameters: predicted.parameterBytes / 4, predicted };
    if (!isTrained) return { ...common, failures: [] };
    const run = runOf(predicted, outcome.stages[index]!, outcome.stages[index - 1]);
    return { ...common, run, failures: failuresOf(run, options) };
  });
  const holds = rows.every(({ failures }) => failures.length === 0);
  const notRun = { name: chooseBackend(options.backend).kind === 'js' ? 'js' : 'node', version: '', device: '' };
  return {
    schema: 'gc-plan/verify-plan@1',
    tool: tool(),
    config: reportedConfig(config),
    backend: isTrained ? outcome.backend : notRun,
    from,
    to,
    steps: numSteps,
    samples: { training: numTrainingSamples, heldOut: config.recipe.batchSize },
    stages: rows,
    verdict: isTrained ? { kind: holds ? 'within' : 'outside' } : { kind: outcome.kind, reason: outcome.reason },
    assumptions: [...config.assumptions, ...aboutTraining],
  };
}

const aboutTraining = [
  'The optimizer’s moments start at 0 in every stage; the learning rate rises over its first half, to 0.001 × 32 ÷ width.',
  'Copies of a unit are read with unequal shares that sum to 1, so that they learn different things.',
];

type Run = NonNullable<PlanVerification['stages'][number]['run']>;

function runOf(predicted: StepBytes, stage: StageMeasurement, before: StageMeasurement | undefined): Run {
  const { parameterBytes, losses, heldOutLosses, stepTimeMs, growth } = stage;
  const { forwardEndBytes, peakLiveBytes, optimizerBytes } = stage.step;
  const measured = { parameterBytes, forwardEndBytes, peakLiveBytes, optimizerBytes };
  const [start, end] = heldOutLosses;
  const { copied = 0, tiled = 0, padded = 0, new: added = 0 } = growth?.arrays ?? {};
  const lossBefore = before?.heldOutLosses[1] ?? start;
  return {
    measured,
    errorsPercent: errorsPercent(predicted, measured),
    losses,
    heldOutLoss: { start, end },
    stepTimeMs,
    ...(growth !== undefined && {
      grown: {
        arrays: { copied, tiled, padded, new: added },
        predictionDifference: growth.predictionDifference,
        lossDifferencePercent: (100 * (start - lossBefore)) / lossBefore,
      },
    }),
  };
}

export function failuresOf({ errorsPercent, heldOutLoss, grown }: Run, { tolerancePercent }: VerifyOptions): string[] {
  const failures = [
    !isWithin(errorsPercent, tolerancePercent) && `bytes more than ${tolerancePercent} % from the estimate`,
    grown !== undefined &&
      !(grown.predictionDifference <= largestPredictionDifference) &&
      `predictions moved by ${grown.predictionDifference.toExponential(1)} of the largest`,
    grown !== undefined &&
      !(Math.abs(grown.lossDifferencePercent) <= largestLossDifferencePercent) &&
      `its loss starts ${grown.lossDifferencePercent.toFixed(1)} % from the last stage’s end`,
    !(heldOutLoss.end < heldOutLoss.start) && 'its loss did not fall',
  ];
  return failures.filter((failure) => failure !== false);
}

/** A line for each stage: each is a verification of its own. */
function record(report: PlanVerification, stages: readonly PlannedStage[], options: VerifyOptions): void {
  const { backend, verdict } = report;
  for (const [index, { predicted, run }] of report.stages.entries()) {
    const { config } = stages[index]!;
    const { model, recipe, runtime } = config;
    const within = run !== undefined && isWithin(run.errorsPercent, options.tolerancePercent);
    appendToLedger(
      {
        runtime,
        backend,
        config: { model, recipe },
        predicted,
        ...(run !== undefined && { measured: run.measured }),
        verdict: run === undefined ? verdict.kind : within ? 'within' : 'outside',
      },
      options,
    );
  }
}
