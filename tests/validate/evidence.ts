/** The groups of `profiles/truth/evidence.json`, computed from the records of `tests/data`. */
import { readFileSync } from 'node:fs';
import { type Evidence, traits } from '../../src/accuracy/evidence.js';
import { figuresOf } from '../../src/accuracy/figures.js';
import { defaultRecipe } from '../../src/config/recipe-options.js';
import type { Config, ModelLayout } from '../../src/config/types.js';
import { replayCaching } from '../../src/memory/allocators/replay.js';
import { peakLiveBytes } from '../../src/memory/liveness.js';
import { bufferBytes, type Trace } from '../../src/memory/trace.js';
import { counts } from '../../src/models/counts.js';
import { dimensionsOf } from '../../src/models/dimensions.js';
import { runtimes } from '../../src/parallel/index.js';
import { priceProgram } from '../../src/price.js';
import { pytorchRuntime } from '../../src/runtimes/pytorch/index.js';
import { harnessProgram } from '../runtimes/pytorch/anemoi-harness.js';
import * as codeBases from '../runtimes/pytorch/anemoi-records.js';
import type { TransformerRecord } from '../runtimes/pytorch/anemoi-transformer-records.js';
import * as transformer from '../runtimes/pytorch/anemoi-transformer-records.js';
import * as offload from '../runtimes/pytorch/offload-records.js';
import * as pytorch from '../runtimes/pytorch/records.js';
import { gencastGroups, isInGencastRange } from '../runtimes/xla/gencast-records.js';
import { inferenceGroups } from '../runtimes/xla/inference-groups.js';
import { isInRange } from '../runtimes/xla/page.js';
import { type PricedRecord, priceRecord } from '../runtimes/xla/price.js';
import { allOf, isCublas, recipeGroups } from '../runtimes/xla/recipe-records.js';
import * as jax from '../runtimes/xla/records.js';
import { isInWeatherNextRange, weatherNextGroups } from '../runtimes/xla/weathernext2-records.js';
import { errorPercent } from '../statistics.js';

/** Written by `gc-plan verify` runs of TensorFlow.js, 2026-11. */
export const measuredInTfjs: readonly {
  readonly config: Pick<Config, 'model' | 'recipe'>;
  readonly measured: { readonly peakLiveBytes: number };
}[] = readFileSync('tests/data/tfjs-measured.jsonl', 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

export const noCard = { device: null, reserveBytes: 0, allowTight: false, assumptions: [] } as const;

/** Training steps of one GEMM back end that XLA did not recompute by itself. */
export const jaxTraining = (gemm: 'cublas' | 'default-noautotune'): readonly jax.JaxRecord[] =>
  ['tests/data/xla-gpu.jsonl', 'tests/data/xla-gpu-holdout.jsonl', 'tests/data/xla-gpu-holdout-2.jsonl']
    .flatMap(jax.readRecords)
    .filter((record) => record.gemm_mode === gemm && !jax.isRematted(record));

export type Step = {
  readonly config: Config;
  readonly live: number;
  readonly native: number;
  readonly expandable: number;
};

interface Reserved {
  readonly peak_requested_bytes: number;
  readonly peak_reserved_bytes: number;
  readonly peak_reserved_expandable_bytes: number;
}

function pytorchStep(config: Config, { trace, bytes }: { trace: Trace; bytes: Float64Array }, truth: Reserved): Step {
  const reserved = (expandable: boolean): number => {
    const replay = replayCaching(trace.events, bytes, { expandable });
    if (replay.kind !== 'ran') throw new Error('ran out of unlimited memory');
    return replay.peakReservedBytes;
  };
  return {
    config,
    live: errorPercent(peakLiveBytes(trace, bytes), truth.peak_requested_bytes),
    native: errorPercent(reserved(false), truth.peak_reserved_bytes),
    expandable: errorPercent(reserved(true), truth.peak_reserved_expandable_bytes),
  };
}

function stepOf(config: Config, numbers: ReturnType<typeof pytorch.countsOf>) {
  const { trace, dimensions } = priceProgram(config, numbers);
  return { trace, bytes: bufferBytes(trace, dimensions) };
}

/** With the kernel scratch that CUDA's index_put allocates: what a real step reserves. */
const physicsnemoStep = (config: Config, record: pytorch.PyTorchRecord | offload.OffloadRecord): Step =>
  pytorchStep(config, stepOf(config, pytorch.countsOf(record)), { ...record, ...record.with_index_put_scratch });

const codeBaseStep = (record: codeBases.CodeBaseRecord): Step => {
  const config = codeBases.configOf(record);
  const numbers = codeBases.countsOf(record);
  if (record.part === 'full') return pytorchStep(config, stepOf(config, numbers), record);
  const dimensions = pytorchRuntime.dimensions(dimensionsOf(config, numbers), config);
  const trace = pytorchRuntime.trace(harnessProgram(record, config), config);
  return pytorchStep(config, { trace, bytes: bufferBytes(trace, dimensions) }, record);
};

const coveredBy = (configs: readonly Config[]): readonly string[] => [...new Set(configs.flatMap(traits))].sort();

function pytorchGroup(
  layout: ModelLayout,
  source: string,
  steps: readonly Step[],
  mode: Evidence['mode'] = 'train',
): Evidence {
  const of = (key: 'live' | 'native' | 'expandable') => figuresOf(steps.map((step) => step[key]));
  return {
    runtime: 'pytorch',
    mode,
    layout,
    cases: steps.length,
    live: of('live'),
    reserved: { native: of('native'), expandable: of('expandable') },
    covers: coveredBy(steps.map(({ config }) => config)),
    source,
  };
}

function jaxGroup(
  xlaGemm: NonNullable<Evidence['xlaGemm']>,
  source: string,
  priced: readonly PricedRecord[],
): Evidence {
  return {
    runtime: 'jax',
    mode: priced[0]!.record.mode ?? 'train',
    layout: 'jax',
    xlaGemm,
    cases: priced.length,
    live: figuresOf(priced.map((each) => each.errorPercent)),
    insideRange: priced.filter(isInRange).length,
    covers: coveredBy(priced.map(({ record }) => jax.configOf(record))),
    source,
  };
}

function conditionedGroup<Priced extends { readonly config: Config; readonly errorPercent: number }>(
  mode: Evidence['mode'],
  groups: Readonly<Record<string, readonly Priced[]>>,
  isInside: (priced: Priced) => boolean,
  what: string,
): Evidence {
  const priced = Object.values(groups)
    .flat()
    .filter(({ config }) => config.recipe.mode === mode);
  return {
    runtime: 'jax',
    mode,
    layout: priced[0]!.config.model.layout,
    xlaGemm: 'cublas',
    cases: priced.length,
    live: figuresOf(priced.map((each) => each.errorPercent)),
    insideRange: priced.filter(isInside).length,
    covers: coveredBy(priced.map(({ config }) => config)),
    source: `${what} ${compiler} with cuBLAS products`,
  };
}

const gencastGroup = (mode: Evidence['mode'], what: string): Evidence =>
  conditionedGroup(mode, { ...gencastGroups() }, isInGencastRange, what);

const weatherNextGroup = (mode: Evidence['mode'], what: string): Evidence =>
  conditionedGroup(mode, { ...weatherNextGroups() }, isInWeatherNextRange, what);

function tfjsGroup(): Evidence {
  const steps = measuredInTfjs.map(({ config, measured }) => {
    // Recorded before there was --offload.
    const recipe = { ...defaultRecipe, ...config.recipe };
    const full: Config = { ...noCard, runtime: 'tfjs', model: config.model, recipe };
    const { trace, bytes } = stepOf(full, counts(full.model));
    return { config: full, live: errorPercent(peakLiveBytes(trace, bytes), measured.peakLiveBytes) };
  });
  return {
    runtime: 'tfjs',
    mode: 'train',
    layout: 'jax',
    cases: steps.length,
    live: figuresOf(steps.map(({ live }) => live)),
    covers: coveredBy(steps.map(({ config }) => config)),
    source: 'real training steps of TensorFlow.js 4.22, distinct buffers counted in its engine',
  };
}

const ofCodeBase = (model: codeBases.CodeBaseRecord['model'], part: codeBases.CodeBaseRecord['part']) =>
  [...codeBases.records, ...codeBases.holdout]
    .filter((record) => record.model === model && record.part === part)
    .map(codeBaseStep);

/** Of anemoi's transformer records, on one card. */
const transformerSteps = (processor: TransformerRecord['processor'], mode: TransformerRecord['mode']) =>
  [...transformer.records, ...transformer.holdout, ...transformer.wrapped]
    .filter((record) => record.processor === processor && record.mode === mode && record.world === undefined)
    .map((record) => {
      const config = transformer.configOf(record);
      return pytorchStep(config, stepOf(config, transformer.countsOf(record)), record);
    });

/** One rank each of a model that is cut over cards; forecasts as they were traced (`asTraced`). */
const rankSteps = (processor: TransformerRecord['processor'], mode: TransformerRecord['mode']) =>
  transformer.ranks
    .filter((record) => record.processor === processor && record.mode === mode)
    .map((record) => {
      const config = transformer.configOf(record);
      const base = dimensionsOf(config, transformer.countsOf(record));
      const { trace, dimensions } = runtimes.pytorch.stepOfRank(config, base, record.rank ?? 0);
      return pytorchStep(config, { trace, bytes: bufferBytes(trace, dimensions) }, record);
    });

const traced = 'traced under fake CUDA tensors, torch 2.13';
const compiler = 'compiled by XLA:GPU (jaxlib 0.10.2)';
const compiledStep = `DeepMind's training step ${compiler}`;
const compiledForecast = `DeepMind's forecast, one step or a rollout in one program, ${compiler}`;
const untuned = ', untuned; the number is that of cuBLAS';

/** Those that the rules were read off too, and those whose concatenation XLA may write in two forms. */
function jaxInference(gemm: NonNullable<Evidence['xlaGemm']>): readonly PricedRecord[] {
  const groups = inferenceGroups();
  if (gemm === 'triton') return groups.inferenceTriton;
  const { inferenceTriton: _, ...cublas } = groups;
  return Object.values(cublas).flat();
}

const { data: severalCards, ...otherRecipes } = recipeGroups;

interface StepsOfGroup {
  readonly layout: ModelLayout;
  readonly source: string;
  readonly steps: readonly Step[];
  /** Absent: a training step. */
  readonly mode?: Evidence['mode'];
}

let known: readonly StepsOfGroup[] | undefined;

/** By what each group's `source` says. */
export function pytorchSteps(): readonly StepsOfGroup[] {
  known ??= priceAll();
  return known;
}

const priceAll = (): readonly StepsOfGroup[] => [
  {
    layout: 'physicsnemo',
    source: `PhysicsNeMo's GraphCastNet ${traced}`,
    steps: pytorch.records.map((record) => physicsnemoStep(pytorch.configOf(record), record)),
  },
  {
    layout: 'physicsnemo',
    source: `PhysicsNeMo's GraphCastNet with 8-bit and factored optimizers and offload, ${traced}`,
    steps: offload.records.map((record) => physicsnemoStep(offload.configOf(record), record)),
  },
  {
    layout: 'anemoi-gnn',
    source: `anemoi-models 0.19's GNN ${traced}`,
    steps: [...ofCodeBase('anemoi-gnn', 'full'), ...transformerSteps('gnn', 'train')],
  },
  {
    layout: 'anemoi-graphtransformer',
    source: `anemoi-models 0.19's graph transformer ${traced}`,
    steps: [...ofCodeBase('anemoi-graphtransformer', 'full'), ...transformerSteps('graph', 'train')],
  },
  {
    layout: 'anemoi-graphtransformer',
    mode: 'inference',
    source: `forecasts of anemoi-models 0.19's graph transformer ${traced}`,
    steps: transformerSteps('graph', 'inference'),
  },
  {
    layout: 'anemoi-transformer',
    source: `anemoi-models 0.19's transformer ${traced}`,
    steps: transformerSteps('transformer', 'train'),
  },
  {
    layout: 'anemoi-transformer',
    mode: 'inference',
    source: `forecasts of anemoi-models 0.19's transformer ${traced}`,
    steps: transformerSteps('transformer', 'inference'),
  },
  {
    layout: 'anemoi-point-wise',
    source: `anemoi-models 0.19's PointWiseMLP ${traced}`,
    steps: transformerSteps('pointwise', 'train'),
  },
  ...(['graph', 'transformer', 'pointwise', 'gnn'] as const).flatMap((processor) =>
    (['train', 'inference'] as const).map((mode) => ({
      layout: transformer.layoutOfProcessor[processor],
      mode,
      source: `single ranks of anemoi-models 0.19 cut over 2 to 8 cards, ${traced}, in a process group that is not there`,
      steps: rankSteps(processor, mode),
    })),
  ),
  { layout: 'graph-weather', source: `graph-weather 1.0.146 ${traced}`, steps: ofCodeBase('graph-weather', 'full') },
  {
    layout: 'neural-lam',
    source: `stacks of neural-lam 0.7's InteractionNet layers, not whole models, ${traced}`,
    steps: ofCodeBase('neural-lam', 'processor'),
  },
];

export const evidence = (): readonly Evidence[] => [
  ...pytorchSteps().map(({ layout, source, steps, mode }) => pytorchGroup(layout, source, steps, mode)),
  jaxGroup(
    'cublas',
    `${compiledStep} with cuBLAS products`,
    jaxTraining('cublas').map((record) => priceRecord(record)),
  ),
  jaxGroup(
    'triton',
    `${compiledStep} with Triton products${untuned}`,
    jaxTraining('default-noautotune').map((record) => priceRecord(record)),
  ),
  jaxGroup(
    'cublas',
    `${compiledStep} on 2 to 8 cards whose gradients are averaged, with cuBLAS products`,
    allOf(severalCards).filter(isCublas),
  ),
  jaxGroup(
    'cublas',
    `${compiledStep} with accumulated gradients, other optimizers or all of a rollout kept, with cuBLAS products`,
    Object.values(otherRecipes).flatMap(allOf).filter(isCublas),
  ),
  jaxGroup('cublas', `${compiledForecast} with cuBLAS products`, jaxInference('cublas')),
  jaxGroup('triton', `${compiledForecast} with Triton products${untuned}`, jaxInference('triton')),
  gencastGroup('inference', 'GenCast’s sampler'),
  gencastGroup('train', 'GenCast’s training step'),
  weatherNextGroup('inference', 'WeatherNext 2’s forecast'),
  weatherNextGroup('train', 'WeatherNext 2’s gradient and training step'),
  tfjsGroup(),
];
