/** Ground truth: DeepMind's training step compiled by XLA:GPU for described cards; see the note at the top of docs/jax.md. */
import { readFileSync } from 'node:fs';
import { noCheckpoint } from '../../../src/config/checkpoint.js';
import { defaultRecipe } from '../../../src/config/recipe-options.js';
import type { CheckpointPlan, Config, Device } from '../../../src/config/types.js';
import { counts } from '../../../src/models/counts.js';
import type { Counts } from '../../../src/models/dimensions.js';

export interface JaxRecord {
  readonly target: string;
  readonly device_memory_bytes: number;
  readonly grid: readonly [number, number];
  readonly pressure_levels: 13 | 37;
  readonly mesh_size: number;
  readonly latent_size: number;
  readonly gnn_msg_steps: number;
  readonly hidden_layers: number;
  readonly radius_query_fraction_edge_length: number;
  readonly batch: number;
  readonly ar_steps: number;
  readonly bf16: boolean;
  readonly gradient_checkpointing: boolean;
  readonly optimizer: 'adamw' | 'adam' | 'sgd' | 'momentum' | 'none';
  readonly num_params: number;
  readonly argument_bytes: number;
  readonly output_bytes: number;
  readonly temp_bytes: number;
  readonly alias_bytes: number;
  readonly peak_bytes_estimate: number;
  readonly constant_bytes: number;
  readonly remat_instructions: number | null;
  /** Absent: as counted. */
  readonly n_edges_nodes?: {
    readonly E_g2m: number;
    readonly E_m: number;
    readonly E_m2g: number;
    readonly N_m: number;
    readonly N_g: number;
  };
  readonly gemm_mode: 'cublas' | 'default-noautotune' | 'default';
  /** Of the steps that were compiled for this project. */
  readonly group?:
    | 'rules'
    | 'rollout'
    | 'drawn'
    | 'drawn-again'
    | 'drawn-last'
    | 'drawn-powers'
    | 'drawn-rollouts'
    | 'drawn-few-layers'
    | 'drawn-arena'
    | 'seen'
    | 'generation'
    | 'generation-drawn';
  /** What else it is trained with than those of xla-gpu.jsonl. */
  readonly recipe?: 'data' | 'recomputed' | 'accumulate' | 'optimizer' | 'unchecked';
  /** Cards whose gradients are averaged; absent: one. */
  readonly devices?: number;
  readonly accumulate?: number;
  /** Absent: a training step. */
  readonly mode?: 'inference' | 'train';
  /** Absent: precipitation goes in and comes out. */
  readonly task?: 'precip_out';
  readonly remat_plan?: null | {
    readonly enc?: 1 | true;
    readonly dec?: 1 | true;
    readonly mesh_every?: number;
    readonly whole_step?: 1;
    readonly edge_blocks?: number;
    readonly block_mode?: 'scan' | 'loop';
  };
  readonly whole_model_checkpoint?: boolean;
  readonly jaxlib?: string;
  readonly versions?: { readonly jaxlib: string };
  readonly xla_remat_log?: {
    readonly limit_bytes: number;
    readonly before_bytes: number;
    readonly after_bytes: number;
  };
}

export function readRecords(path: string): JaxRecord[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as JaxRecord);
}

const computeCapability: Readonly<Record<string, number>> = { h100: 90, a100_40: 80, a100_80: 80, a6000: 86, v100: 70 };

/** The described card; a compile has no context. */
export function deviceOf({ target, device_memory_bytes }: Pick<JaxRecord, 'target' | 'device_memory_bytes'>): Device {
  return {
    name: target,
    vendor: 'nvidia',
    nominalBytes: device_memory_bytes,
    reportedBytes: device_memory_bytes,
    contextBytes: { jax: 0, pytorch: 0, tfjs: 0 },
    cublasWorkspaceBytes: 0,
    bandwidthGBps: 1,
    tflops: { fp32: 1 },
    computeCapability: computeCapability[target]!,
    sources: [],
  };
}

export function planOf(record: JaxRecord): CheckpointPlan {
  const plan = record.remat_plan ?? {};
  return {
    encoder: plan.enc !== undefined,
    decoder: plan.dec !== undefined,
    model: plan.whole_step === 1 || record.whole_model_checkpoint === true,
    rollout: record.gradient_checkpointing,
    processor: plan.mesh_every === undefined ? { kind: 'none' } : { kind: 'every', layers: plan.mesh_every },
    edges: plan.edge_blocks === undefined ? { kind: 'none' } : { kind: plan.block_mode!, blocks: plan.edge_blocks },
  };
}

export function configOf(record: JaxRecord): Config {
  const prognostic = 5 + 6 * record.pressure_levels;
  const isInference = record.mode === 'inference';
  return {
    runtime: 'jax',
    model: {
      name: 'record',
      layout: 'jax',
      hiddenDim: record.latent_size,
      layers: record.gnn_msg_steps,
      meshLevel: record.mesh_size,
      mlpHiddenLayers: record.hidden_layers,
      grid: { latitudes: record.grid[0], longitudes: record.grid[1], kind: 'poles' },
      pressureLevels: record.pressure_levels,
      inputChannels: 2 * prognostic + (record.task === 'precip_out' ? 18 : 20),
      outputChannels: prognostic,
      radiusFraction: record.radius_query_fraction_edge_length,
      processor: 'interaction',
      heads: 1,
      mlpRatio: 1,
      attentionBackend: 'pyg',
    },
    recipe: {
      ...defaultRecipe,
      precision: record.bf16 ? 'bf16' : 'fp32',
      batchSize: record.batch,
      rolloutSteps: record.ar_steps,
      ...(isInference && { mode: 'inference' }),
      optimizer: isInference ? 'none' : record.optimizer,
      accumulate: record.accumulate ?? 1,
      ...((record.devices ?? 1) > 1 && { gpus: record.devices!, parallel: 'data' as const }),
      checkpoint: isInference ? noCheckpoint : planOf(record),
      xlaGemm: record.gemm_mode === 'cublas' ? 'cublas' : 'triton',
    },
    device: deviceOf(record),
    reserveBytes: 0,
    allowTight: false,
    assumptions: [],
  };
}

export function countsOf(record: JaxRecord): Counts {
  const n = record.n_edges_nodes;
  if (n === undefined) return counts(configOf(record).model);
  return {
    gridNodes: n.N_g,
    meshNodes: n.N_m,
    meshEdges: n.E_m,
    grid2meshEdges: n.E_g2m,
    mesh2gridEdges: n.E_m2g,
  };
}

/** XLA's own pass changed the program: instructions it added, or the warning that it printed. */
export const isRematted = ({ remat_instructions, xla_remat_log }: JaxRecord): boolean =>
  (remat_instructions ?? 0) > 0 || xla_remat_log !== undefined;
