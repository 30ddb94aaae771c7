/**
 * Ground truth: WeatherNext 2's forecast, loss, gradient and training step (google-deepmind/weathernext 9c034db) compiled ahead of time by XLA:GPU for a
 * described H100, nothing executed, read from the buffer assignment. The attention mask is an argument there (`const_argument_bytes`); in the
 * released code it is a constant, and so it is here.
 */
import { readFileSync } from 'node:fs';
import { noCheckpoint, parseCheckpoint } from '../../../src/config/checkpoint.js';
import { defaultRecipe } from '../../../src/config/recipe-options.js';
import type { Config, Recipe } from '../../../src/config/types.js';
import { countParameters } from '../../../src/ir/forward-program.js';
import { type Liveness, liveness } from '../../../src/memory/liveness.js';
import { bufferBytes } from '../../../src/memory/trace.js';
import { counts } from '../../../src/models/counts.js';
import { type PricedProgram, priceProgram } from '../../../src/price.js';
import type { ProcessMemory } from '../../../src/runtimes/process.js';
import { jaxRuntime } from '../../../src/runtimes/xla/index.js';
import { deviceOf } from './records.js';

export interface WeatherNextRecord {
  readonly name: string;
  /** `loss`: forward only, with every sample in one batch, which no command asks for. */
  readonly mode: 'infer' | 'loss' | 'grad' | 'train';
  readonly model: 'mini' | 'wn2' | 'cyclones';
  readonly lat: number;
  readonly lon: number;
  readonly mesh: number;
  readonly d_model: number;
  readonly heads: number;
  readonly layers: number;
  readonly ffw_hidden: number;
  readonly k_hop: number;
  readonly radius: number;
  readonly attention: 'triblockdiag_mha' | 'mha';
  readonly dtype: 'f32' | 'bf16';
  readonly batch: number;
  readonly samples: number;
  readonly steps: number;
  readonly gradient_checkpointing: boolean;
  /** Joined by `+`: g2m, m2g, mesh, block. */
  readonly remat: string;
  readonly parameters: number;
  readonly edges_grid2mesh: number;
  readonly block?: number | null;
  readonly temp_bytes: number;
  readonly argument_bytes: number;
  readonly const_argument_bytes: number;
  readonly output_not_aliased_bytes: number;
  readonly peak_bytes_estimate: number;
  /** Of those that were compiled for this project. */
  readonly group?: 'rules' | 'drawn';
}

export interface PricedWeatherNext extends PricedProgram {
  readonly record: WeatherNextRecord;
  readonly config: Config;
  readonly parameters: number;
  readonly live: Liveness;
  readonly process: ProcessMemory;
  readonly argumentBytes: number;
  /** Without the mask. */
  readonly compiledBytes: number;
  readonly errorPercent: number;
}

const parts: Readonly<Record<string, string>> = { g2m: 'encoder', m2g: 'decoder', block: 'processor:every=1' };
const channels = { mini: [183, 101], cyclones: [183, 101], wn2: [187, 103] } as const;

function planOf({ remat, steps, gradient_checkpointing }: WeatherNextRecord): string {
  const plan = remat
    .split('+')
    .flatMap((part) => parts[part] ?? (part.startsWith('every=') ? `processor:${part}` : []));
  return [...plan, ...(steps > 1 && gradient_checkpointing ? ['rollout'] : [])].join('+');
}

function recipeOf(record: WeatherNextRecord): Recipe {
  const plan = planOf(record);
  return {
    ...defaultRecipe,
    precision: record.dtype === 'f32' ? 'fp32' : 'bf16',
    mode: record.mode === 'infer' || record.mode === 'loss' ? 'inference' : 'train',
    batchSize: record.mode === 'infer' ? record.batch : record.batch * record.samples,
    rolloutSteps: record.steps,
    optimizer: record.mode === 'train' ? 'adamw' : 'none',
    checkpoint: plan === '' ? noCheckpoint : parseCheckpoint(plan),
  };
}

export const configOf = (record: WeatherNextRecord): Config => ({
  runtime: 'jax',
  model: {
    name: record.name,
    layout: 'weathernext2',
    hiddenDim: record.d_model,
    layers: record.layers,
    meshLevel: record.mesh,
    mlpHiddenLayers: 1,
    grid: { latitudes: record.lat, longitudes: record.lon, kind: 'poles' },
    inputChannels: channels[record.model][0],
    outputChannels: channels[record.model][1],
    radiusFraction: record.radius,
    processor: 'attention',
    heads: record.heads,
    mlpRatio: record.ffw_hidden / record.d_model,
    attentionBackend: 'pyg',
    own: {
      attention: record.attention === 'mha' ? 'mha' : 'triblockdiag',
      kHop: record.k_hop,
    },
  },
  recipe: recipeOf(record),
  device: deviceOf({ target: 'h100', device_memory_bytes: 4e12 }),
  reserveBytes: 0,
  allowTight: false,
  assumptions: [],
});

export function priceWeatherNext(record: WeatherNextRecord, recipe: Partial<Recipe> = {}): PricedWeatherNext {
  const as = configOf(record);
  const config = { ...as, recipe: { ...as.recipe, ...recipe } };
  const step = priceProgram(config, counts(config.model));
  const bytesOfBuffer = bufferBytes(step.trace, step.dimensions);
  const live = liveness(step.trace, step.dimensions, bytesOfBuffer);
  const { liveBytes } = live.peak;
  const process = jaxRuntime.process({
    trace: step.trace,
    bytesOfBuffer,
    peakLiveBytes: liveBytes,
    config,
    device: config.device!,
    usableBytes: undefined,
    worstUnderPercent: 0,
  });
  const { parameter, optimizer, input } = live.byCategory;
  const compiledBytes = record.peak_bytes_estimate - record.const_argument_bytes;
  return {
    ...step,
    record,
    config,
    parameters: countParameters(step.program, step.dimensions).count,
    live,
    process,
    argumentBytes: parameter + optimizer + input,
    compiledBytes,
    errorPercent: (liveBytes / compiledBytes - 1) * 100,
  };
}

/** The compiler's number has no constants, the process has. */
export function isInWeatherNextRange({
  record,
  live: { peak },
  process: { peakAllocatedBytes },
}: PricedWeatherNext): boolean {
  const { range } = priceWeatherNext(record, { xlaGemm: 'cublas' }).process;
  const compiled = record.peak_bytes_estimate - record.const_argument_bytes + peakAllocatedBytes - peak.liveBytes;
  return compiled >= range.lowBytes && compiled <= range.highBytes;
}

export const readWeatherNext = (path: string): readonly WeatherNextRecord[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as WeatherNextRecord);

export interface WeatherNextGroups {
  readonly forecasts: readonly PricedWeatherNext[];
  readonly trainings: readonly PricedWeatherNext[];
  /** Compiled for this project, to read the rules off. */
  readonly rules: readonly PricedWeatherNext[];
  /** Drawn at random and compiled after the rules stood. */
  readonly drawn: readonly PricedWeatherNext[];
}

/** Those that a command can ask for. */
const isPriced = ({ mode, steps, gradient_checkpointing }: WeatherNextRecord): boolean =>
  mode !== 'loss' && (mode === 'infer' || steps === 1 || gradient_checkpointing);

export function weatherNextGroups(): WeatherNextGroups {
  const priced = (path: string) =>
    readWeatherNext(path)
      .filter(isPriced)
      .map((record) => priceWeatherNext(record));
  const given = priced('tests/data/weathernext2.jsonl');
  const compiled = priced('tests/data/weathernext2-compiled.jsonl');
  const isForecast = ({ record }: PricedWeatherNext) => record.mode === 'infer';
  return {
    forecasts: given.filter(isForecast),
    trainings: given.filter((each) => !isForecast(each)),
    rules: compiled.filter(({ record }) => record.group === 'rules'),
    drawn: compiled.filter(({ record }) => record.group === 'drawn'),
  };
}
