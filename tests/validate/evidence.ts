/** The groups of `profiles/truth/evidence.json`, computed from the records of `tests/data`. */
import { readFileSync } from 'node:fs';
import { type Evidence, traits } from '../../src/accuracy/evidence.js';
import { figuresOf } from '../../src/accuracy/figures.js';
import { defaultRecipe } from '../../src/config/recipe-options.js';
import type { Config, ModelLayout } from '../../src/config/types.js';
import { peakLiveBytes } from '../../src/memory/liveness.js';
import { counts } from '../../src/models/counts.js';
import { gencastGroups, isInGencastRange } from '../runtimes/xla/gencast-records.js';
import { inferenceGroups } from '../runtimes/xla/inference-groups.js';
import { isInRange } from '../runtimes/xla/page.js';
import { type PricedRecord, priceRecord } from '../runtimes/xla/price.js';
import { allOf, isCublas, recipeGroups } from '../runtimes/xla/recipe-records.js';
import * as jax from '../runtimes/xla/records.js';
import { isInWeatherNextRange, weatherNextGroups } from '../runtimes/xla/weathernext2-records.js';
import { errorPercent } from '../statistics.js';
import { pytorchSteps, type Step, stepOf } from './pytorch-steps.js';

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

const { data, recomputed, ...otherRecipes } = recipeGroups;

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
    `${compiledStep} on 2 to 8 cards whose gradients are averaged, some of it recomputed, with cuBLAS products`,
    [data, recomputed].flatMap(allOf).filter(isCublas),
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
