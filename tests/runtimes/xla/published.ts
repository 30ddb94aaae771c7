/** The published figures beside ours: a points is scored where its quality is A or B and the run is the one we price. */
import { readFileSync } from 'node:fs';
import type { Config, Device } from '../../../src/config/types.js';
import { liveness } from '../../../src/memory/liveness.js';
import { bufferBytes } from '../../../src/memory/trace.js';
import { counts } from '../../../src/models/counts.js';
import { dimensionsOf } from '../../../src/models/dimensions.js';
import { forwardProgram } from '../../../src/models/index.js';
import { jaxRuntime } from '../../../src/runtimes/xla/index.js';
import { configOf, deviceOf, type JaxRecord } from './records.js';

interface Prediction {
  readonly card: 'a100' | 'v100' | '24' | '48' | '80';
  readonly meshLevel: number;
  readonly resolution1?: boolean;
  readonly hiddenDim?: number;
  readonly pressureLevels: 13 | 37;
  readonly inputChannels?: number;
  readonly precision: 'bf16' | 'fp32';
  readonly rolloutSteps?: number;
  readonly quantity: 'arenaAndOutputs' | 'peak' | 'inference';
}

export interface PublishedPoint {
  readonly id: string;
  readonly what: string;
  readonly device: string;
  readonly quality: 'A' | 'B' | 'C' | 'D';
  readonly published: string;
  readonly publishedBytes?: number;
  readonly fits?: boolean;
  /** Not scored: another runtime or an unknown run. */
  readonly shown?: boolean;
  readonly source: string;
  readonly predict?: Prediction;
  readonly explanation: string;
}

export const publishedPoints = (
  JSON.parse(readFileSync('tests/data/published-jax.json', 'utf8')) as { readonly points: readonly PublishedPoint[] }
).points;

const GiB = 2 ** 30;

function configFor(prediction: Prediction): Config {
  const grid = prediction.resolution1 ? ([181, 360] as const) : ([721, 1440] as const);
  const record: JaxRecord = {
    target: prediction.card === 'v100' ? 'v100' : 'a100_40',
    device_memory_bytes: 0,
    grid,
    pressure_levels: prediction.pressureLevels,
    mesh_size: prediction.meshLevel,
    latent_size: prediction.hiddenDim ?? 512,
    gnn_msg_steps: 16,
    hidden_layers: 1,
    radius_query_fraction_edge_length: 0.6,
    batch: 1,
    ar_steps: prediction.rolloutSteps ?? 1,
    bf16: prediction.precision === 'bf16',
    gradient_checkpointing: true,
    optimizer: prediction.quantity === 'peak' ? 'adamw' : 'none',
    num_params: 0,
    argument_bytes: 0,
    output_bytes: 0,
    temp_bytes: 0,
    alias_bytes: 0,
    peak_bytes_estimate: 0,
    constant_bytes: 0,
    remat_instructions: 0,
    n_edges_nodes: { E_g2m: 0, E_m: 0, E_m2g: 0, N_m: 0, N_g: 0 },
    gemm_mode: 'cublas',
    jaxlib: '',
  };
  const config = configOf(record);
  const mode = prediction.quantity === 'inference' ? 'inference' : 'train';
  const { inputChannels = config.model.inputChannels } = prediction;
  return { ...config, model: { ...config.model, inputChannels }, recipe: { ...config.recipe, mode } };
}

/** Bytes of what the figure counts. */
export function predictedBytes(prediction: Prediction): number {
  const config = configFor(prediction);
  const program = forwardProgram(config.model, config.recipe, jaxRuntime.segment(config));
  const dimensions = jaxRuntime.dimensions(dimensionsOf(config, counts(config.model)), config);
  const trace = jaxRuntime.trace(program, config);
  const live = liveness(trace, dimensions, bufferBytes(trace, dimensions));
  if (prediction.quantity !== 'arenaAndOutputs') return live.peak.liveBytes;
  // The gradients are outputs, as large as the parameters; XLA's warning leaves the arguments out.
  const { parameter, optimizer, input } = live.byCategory;
  return live.peak.liveBytes - parameter - optimizer - input + parameter;
}

const cardBytes = { a100: 40 * GiB, v100: 32 * GiB, '24': 24 * GiB, '48': 48 * GiB, '80': 80 * GiB } as const;

/** Whether the prediction fits into the share of the card that JAX takes by default. */
export function predictedFit(prediction: Prediction): boolean {
  const device: Device = deviceOf({ target: 'a100_40', device_memory_bytes: cardBytes[prediction.card] });
  return predictedBytes(prediction) <= 0.75 * device.reportedBytes;
}

export const errorOf = ({ publishedBytes, predict, shown }: PublishedPoint): number | undefined =>
  publishedBytes === undefined || predict === undefined || shown
    ? undefined
    : 100 * (predictedBytes(predict) / publishedBytes - 1);

function row(point: PublishedPoint): string {
  const { id, what, device, quality, published, predict, fits, source, explanation } = point;
  const predicted = predict === undefined ? '–' : `${(predictedBytes(predict) / GiB).toFixed(2)} GiB`;
  const error = errorOf(point);
  const agrees =
    fits === undefined || predict === undefined ? 'shown' : predictedFit(predict) === fits ? 'agrees' : 'disagrees';
  const score = error === undefined ? agrees : `${error < 0 ? '−' : '+'}${Math.abs(error).toFixed(1)} %`;
  return `| ${id} | ${what} | ${device} | ${quality} | ${published} | ${predicted} | ${score} | ${explanation} | ${source} |`;
}

export const publishedTable = (): string =>
  [
    '| # | run | device | quality | published | predicted | error | what explains it | source |',
    '|---|---|---|---|---|---|---|---|---|',
    ...publishedPoints.map(row),
  ].join('\n');
