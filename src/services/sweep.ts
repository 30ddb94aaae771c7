/** `gc-plan sweep`: which configurations of a space fit on a card, which are worth it, and the way from a small to a large one. */
import { type ModelProfile, profileNames, readProfile } from '../config/profiles.js';
import type { Config, RuntimeName } from '../config/types.js';
import type { GrowableCheckpoint } from '../models/exporting/types.js';
import { codeBaseOf, layoutOf } from '../models/index.js';
import { loadProfile, resolveWith } from '../options/resolve.js';
import type { Flags } from '../options/typed.js';
import type { Sweep } from '../reports/sweep/schema.js';
import { labelOf } from '../runtimes/traits.js';
import { SizedCandidate } from '../search/candidate-verdict.js';
import { cardChoices } from '../search/cards.js';
import { mostKept } from '../search/evaluate.js';
import type { FrontOrder } from '../search/pareto.js';
import type { Limits } from '../search/requirements.js';
import { type OnProgress, runSearch } from '../search/run.js';
import { loadSpace } from '../search/spaces.js';
import { UnsizedStep, UnsizedSteps } from '../search/unsized-step.js';
import { tool } from '../version.js';
import { errorBars as errorBarsOf } from './accuracy.js';
import { mergedAssumptions } from './assumptions.js';
import type { Asked } from './export-target.js';
import { priced } from './priced.js';
import { pathsReport } from './sweep-paths.js';
import { type GrowthRequest, planOn } from './sweep-plan.js';
import { axisValues, cardReport, entriesOf, frontOf, planReport, pointsOf, sizesOf, tally } from './sweep-report.js';

export interface SweepInput extends GrowthRequest {
  readonly model?: string | undefined;
  /** The lists of what was not typed: a shipped space or a file. */
  readonly space?: string | undefined;
  readonly limits?: Omit<Limits, 'referenceSampleFlops'> | undefined;
  /** A file of prices per hour by card. */
  readonly prices?: string | undefined;
  /** Entries of the front that are listed; `Infinity` for all. */
  readonly top?: number | undefined;
  readonly order?: FrontOrder | undefined;
  /** Whose keys every stage of the plan is written in. */
  readonly exportTo?: string | undefined;
  readonly numWorkers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** After an interruption: report what there is instead of throwing. */
  readonly partial?: boolean | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export async function sweep(typed: SweepInput): Promise<Sweep> {
  const { options } = await loadSpace(typed.space ?? 'default');
  const { model, profile, flags, notes } = await askedOf(typed, Object.keys(options));
  const input: SweepInput = { ...typed, flags };
  const { signal = new AbortController().signal, onProgress } = input;
  const errorBars = errorBarsOf(profile.model.layout, flags.mode === 'inference' ? 'inference' : 'train');
  const unsizedSteps = new UnsizedSteps();
  const cards = cardChoices(flags, input.prices).map((card) =>
    planOn(card, profile, options, input, errorBars, unsizedSteps),
  );
  const chosen = cards.find(({ plan }) => plan.firstStageThatNeedsMore === undefined) ?? cards.at(-1)!;
  const { space, device, plan, from, to, globalBatch } = chosen;
  const limits = input.limits && { ...input.limits, referenceSampleFlops: referenceSampleFlops(profile, flags) };
  const stages = plan.stages.map(({ candidate }) => priced(candidate.config, candidate.unsizedStep));
  const needsMore = plan.firstStageThatNeedsMore && priced(plan.firstStageThatNeedsMore.leanest.config);
  const searched = new UnsizedSteps(mostKept, unsizedSteps);
  const candidates = await runSearch(
    { space, device, limits, errorBars },
    { numThreads: input.numWorkers, signal, onProgress, unsizedSteps: searched },
  );
  if (signal.aborted && !input.partial) throw signal.reason;
  const front = frontOf(space, candidates, input.order ?? 'varied');
  const entries = entriesOf(model, space, front.slice(0, input.top ?? 10), searched, signal);
  const shown = [...stages, ...(needsMore ? [needsMore] : []), ...entries.map(({ estimate }) => estimate)];
  return {
    schema: 'gc-plan/sweep@1',
    tool: tool(),
    config: shown[0]!.config,
    ...(model === undefined && flags.import === undefined && { taken: takenModel(profile, flags) }),
    space: Object.fromEntries(space.axes.map((axis) => [axis.option, axisValues(axis)])),
    device,
    ...(cards.length > 1 && { cards: cards.map(cardReport) }),
    candidates: tally(candidates, space),
    frontSize: front.length,
    pareto: entries.map(({ report }) => report),
    points: pointsOf(candidates, front),
    sizes: sizesOf(space, candidates),
    plan: {
      from,
      to,
      globalBatch,
      ...(chosen.paths && {
        paths: pathsReport(chosen.paths.all(), chosen.paths.updates, globalBatch, input.prices),
      }),
      ...(await exportStages(
        planReport(model, space, plan, stages, needsMore),
        plan.stages.map(({ candidate }) => candidate.config),
        input,
      )),
    },
    accuracy: shown[0]!.accuracy,
    assumptions: mergedAssumptions([
      ...notes,
      ...chosen.notes,
      ...plan.notes,
      ...shown.flatMap(({ assumptions }) => assumptions),
    ]),
  };
}

/** What stands in for a model that nobody named, and how those of another framework are asked for: one of each code base. */
function takenModel({ name, runtime }: ModelProfile, flags: Flags): string {
  const taken = String(flags.runtime ?? runtime).split(',')[0] as RuntimeName;
  const models = profileNames('models').map((each) => readProfile<ModelProfile>('models', each));
  const others = models.filter(({ model }) => layoutOf(model.layout).home !== taken);
  const byHome = new Map<RuntimeName, Map<string, string>>();
  for (const { name: other, model } of others) {
    const { home } = layoutOf(model.layout);
    const byCodeBase = byHome.get(home) ?? new Map<string, string>();
    byHome.set(home, byCodeBase);
    if (!byCodeBase.has(codeBaseOf(model.layout).name)) byCodeBase.set(codeBaseOf(model.layout).name, other);
  }
  const elsewhere = [...byHome].map(
    ([home, names]) => `; ${labelOf(home)}: ${[...names.values()].join(', ')} or --runtime ${home}`,
  );
  return `${name} in ${labelOf(taken)} was taken${elsewhere.join('')}`;
}

/** The model that is searched: the one typed, or what an export of it becomes in another code base. */
async function askedOf({ model, flags, exportTo }: SweepInput, listed: readonly string[]): Promise<Asked> {
  const asked = { model, profile: await loadProfile({ model, flags }), flags, notes: [] };
  if (exportTo === undefined) return asked;
  const { inCodeBase } = await import('./export-target.js');
  return inCodeBase(exportTo, asked, listed);
}

/** A step cost of 1: a sample of the model as its profile has it, in the first runtime that is searched. */
function referenceSampleFlops(profile: ModelProfile, { runtime }: Flags): number {
  const config = resolveWith(profile, { runtime: String(runtime ?? profile.runtime).split(',')[0] });
  return new SizedCandidate(config, new UnsizedStep(config)).sampleFlops;
}

type PlanReport = ReturnType<typeof planReport>;
type PlannedStage = PlanReport['stages'][number];

const stageName = ({ hiddenDim, layers }: PlannedStage, index: number): string => `${index + 1}-${hiddenDim}x${layers}`;

function growCommand(stages: readonly PlannedStage[], index: number, { ending, flags }: GrowableCheckpoint): string {
  const [before, stage] = [stages[index - 1]!, stages[index]!];
  const size = [
    stage.hiddenDim > before.hiddenDim && `--hidden-dim ${stage.hiddenDim}`,
    stage.layers > before.layers && `--layers ${stage.layers}`,
    flags,
  ].filter(Boolean);
  return `gc-plan grow ${stageName(before, index - 1)}-trained.${ending} ${stageName(stage, index)}-start.${ending} ${size.join(' ')}`;
}

async function exportStages(
  plan: PlanReport,
  configs: readonly Config[],
  { exportTo, flags }: SweepInput,
): Promise<PlanReport> {
  if (exportTo === undefined) return plan;
  const [{ exportConfig }, { readerOf }] = await Promise.all([
    import('../models/exporting/index.js'),
    import('../models/importing/index.js'),
  ]);
  const { readText } = await import('../config/strict-json.js');
  const file = flags.import;
  const original = typeof file === 'string' && readerOf(file) === undefined ? readText(file) : undefined;
  const exported = await Promise.all(configs.map((config) => exportConfig(exportTo, config, original)));
  return {
    ...plan,
    stages: plan.stages.map((stage, index) => {
      const { text, missing, ending, checkpoint } = exported[index]!;
      const name = stageName(stage, index);
      const grow = checkpoint && index > 0 ? growCommand(plan.stages, index, checkpoint) : undefined;
      return {
        ...stage,
        exported: { codeBase: exportTo, text, missing, file: `${name}.${ending}`, ...(grow && { grow }) },
      };
    }),
  };
}
