/**
 * Ground truth: GenCast's sampler and training step (google-deepmind/graphcast 08cf736) compiled ahead of time by XLA:GPU for a described
 * H100, nothing executed, read from the buffer assignment. Mask and Legendre functions are arguments there (`const_argument_bytes`), or none
 * of the larger would compile on a small host; in the released code they are constants, and so they are here.
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

export interface GencastRecord {
  readonly name: string;
  /** `denoise`: one call of the denoiser, which no command asks for. */
  readonly mode: 'train' | 'grad' | 'sampler' | 'denoise';
  readonly lat: number;
  readonly lon: number;
  readonly mesh: number;
  readonly d_model: number;
  readonly heads: number;
  readonly layers: number;
  readonly ffw_hidden: number;
  readonly k_hop: number;
  readonly hidden_layers: number;
  readonly radius: number;
  readonly attention: 'triblockdiag_mha' | 'mha';
  readonly dtype: 'f32' | 'bf16';
  readonly batch: number;
  readonly remat: 'none' | 'block' | 'all' | `every=${number}`;
  readonly parameters: number;
  readonly edges_grid2mesh: number;
  readonly block?: number | null;
  readonly temp_bytes: number;
  readonly argument_bytes: number;
  readonly const_argument_bytes: number;
  readonly peak_bytes_estimate: number;
  /** Of those that were compiled for this project. */
  readonly group?: 'rules' | 'drawn';
}

export interface PricedGencast extends PricedProgram {
  readonly record: GencastRecord;
  readonly config: Config;
  readonly parameters: number;
  readonly live: Liveness;
  readonly bytesOfBuffer: Float64Array;
  readonly process: ProcessMemory;
  readonly argumentBytes: number;
  /** Without the constants. */
  readonly compiledBytes: number;
  readonly errorPercent: number;
}

const plans: Readonly<Record<string, string>> = {
  none: 'none',
  block: 'processor:every=1',
  all: 'encoder+decoder+processor:every=1',
};

const recipeOf = (record: GencastRecord): Recipe => {
  const plan = plans[record.remat] ?? `processor:${record.remat}`;
  return {
    ...defaultRecipe,
    precision: record.dtype === 'f32' ? 'fp32' : 'bf16',
    mode: record.mode === 'sampler' ? 'inference' : 'train',
    batchSize: record.batch,
    optimizer: record.mode === 'train' ? 'adamw' : 'none',
    checkpoint: plan === 'none' ? noCheckpoint : parseCheckpoint(plan),
  };
};

export const configOf = (record: GencastRecord): Config => ({
  runtime: 'jax',
  model: {
    name: record.name,
    layout: 'gencast',
    hiddenDim: record.d_model,
    layers: record.layers,
    meshLevel: record.mesh,
    mlpHiddenLayers: record.hidden_layers,
    grid: { latitudes: record.lat, longitudes: record.lon, kind: 'poles' },
    inputChannels: 267,
    outputChannels: 84,
    radiusFraction: record.radius,
    processor: 'attention',
    heads: record.heads,
    mlpRatio: record.ffw_hidden / record.d_model,
    attentionBackend: 'pyg',
    own: { attention: record.attention === 'mha' ? 'mha' : 'triblockdiag', kHop: record.k_hop },
  },
  recipe: recipeOf(record),
  device: deviceOf({ target: 'h100', device_memory_bytes: 4e12 }),
  reserveBytes: 0,
  allowTight: false,
  assumptions: [],
});

export function priceGencast(record: GencastRecord, recipe: Partial<Recipe> = {}): PricedGencast {
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
    bytesOfBuffer,
    process,
    argumentBytes: parameter + optimizer + input,
    compiledBytes,
    errorPercent: (liveBytes / compiledBytes - 1) * 100,
  };
}

/** The compiler's number has no constants, the process has. */
export function isInGencastRange({ record, live: { peak }, process: { peakAllocatedBytes } }: PricedGencast): boolean {
  const { range } = priceGencast(record, { xlaGemm: 'cublas' }).process;
  const compiled = record.peak_bytes_estimate - record.const_argument_bytes + peakAllocatedBytes - peak.liveBytes;
  return compiled >= range.lowBytes && compiled <= range.highBytes;
}

const read = (path: string): readonly GencastRecord[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as GencastRecord)
    .filter(({ mode }) => mode !== 'denoise');

export interface GencastGroups {
  readonly samplers: readonly PricedGencast[];
  readonly trainings: readonly PricedGencast[];
  /** Compiled for this project, to read the rules off. */
  readonly rules: readonly PricedGencast[];
  /** Drawn at random and compiled after the rules stood. */
  readonly drawn: readonly PricedGencast[];
}

export function gencastGroups(): GencastGroups {
  const given = read('tests/data/gencast.jsonl').map((record) => priceGencast(record));
  const compiled = read('tests/data/gencast-compiled.jsonl').map((record) => priceGencast(record));
  const isSampler = ({ record }: PricedGencast) => record.mode === 'sampler';
  return {
    samplers: given.filter(isSampler),
    trainings: given.filter((each) => !isSampler(each)),
    rules: compiled.filter(({ record }) => record.group === 'rules'),
    drawn: compiled.filter(({ record }) => record.group === 'drawn'),
  };
}
