/** Ground truth: PhysicsNeMo's GraphCastNet traced by torch itself; see the first line of the data files. */
import { readFileSync } from 'node:fs';
import { defaultRecipe } from '../../../src/config/recipe-options.js';
import type { CheckpointPlan, Config, Optimizer, Precision, Recipe } from '../../../src/config/types.js';
import type { Counts } from '../../../src/models/dimensions.js';

export interface PyTorchRecord {
  readonly model: string;
  readonly set: string;
  readonly grid: readonly [number, number];
  readonly mesh_size: number;
  readonly latent_size: number;
  readonly gnn_msg_steps: number;
  readonly hidden_layers: number;
  readonly input_channels: number;
  readonly output_channels: number;
  readonly precision: 'fp32' | 'bf16-full' | 'bf16-amp';
  readonly ar_steps: number;
  readonly concat_trick: boolean;
  readonly concat_sum: 'eager' | 'fused' | null;
  readonly checkpoint: {
    readonly encoder: boolean;
    readonly processor_segments: number;
    readonly decoder: boolean;
    readonly model: boolean;
  };
  readonly optimizer: 'adamw-fused' | 'adamw-foreach' | 'adam';
  readonly counts: Readonly<Record<'E_g2m' | 'E_m' | 'E_m2g' | 'N_g' | 'N_m', number>>;
  readonly num_params: number;
  readonly peak_requested_bytes: number;
  readonly peak_allocated_bytes: number;
  readonly peak_reserved_bytes: number;
  readonly peak_reserved_expandable_bytes: number;
  readonly peak_phase: string;
  readonly bytes_at_peak_by_category: Readonly<
    Record<'param' | 'grad' | 'optstate' | 'input' | 'activation' | 'recompute' | 'temp', number>
  >;
  readonly end_of_forward_bytes: number;
  /** The same with the sort buffers inside CUDA's index_put(accumulate) kernel, which the estimate leaves out. */
  readonly with_index_put_scratch: Readonly<Record<'peak_reserved_bytes' | 'peak_reserved_expandable_bytes', number>>;
  readonly min_capacity_bytes?: number;
  readonly recompute_activation?: boolean;
}

function read(file: string): PyTorchRecord[] {
  const [, ...lines] = readFileSync(new URL(`../../data/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line));
}

/** The first line of each file says how far it is a hold-out. */
export const records: readonly PyTorchRecord[] = ['', '-random', '-holdout'].flatMap((part) =>
  read(`pytorch-eager${part}.jsonl`),
);

const precisions: Readonly<Record<PyTorchRecord['precision'], Precision>> = {
  fp32: 'fp32',
  'bf16-full': 'bf16-full',
  'bf16-amp': 'bf16',
};
const optimizers: Readonly<Record<PyTorchRecord['optimizer'], Optimizer>> = {
  'adamw-fused': 'adamw-fused',
  'adamw-foreach': 'adamw',
  adam: 'adam',
};

function checkpointOf({ checkpoint }: PyTorchRecord): CheckpointPlan {
  const { encoder, decoder, model, processor_segments: segments } = checkpoint;
  const processor = segments > 0 ? ({ kind: 'segments', segments } as const) : ({ kind: 'none' } as const);
  return { encoder, decoder, model, rollout: false, processor, edges: { kind: 'none' } };
}

export const plainRecipe: Recipe = { ...defaultRecipe, optimizer: 'adamw-fused' };

export function configOf(record: PyTorchRecord): Config {
  const [latitudes, longitudes] = record.grid;
  return {
    runtime: 'pytorch',
    model: {
      name: 'record',
      layout: 'physicsnemo',
      hiddenDim: record.latent_size,
      layers: record.gnn_msg_steps,
      meshLevel: record.mesh_size,
      mlpHiddenLayers: record.hidden_layers,
      grid: { latitudes, longitudes, kind: 'physicsnemo' },
      inputChannels: record.input_channels,
      outputChannels: record.output_channels,
      radiusFraction: 0.6,
      processor: 'interaction',
      heads: 1,
      mlpRatio: 1,
      attentionBackend: 'pyg',
    },
    recipe: {
      ...plainRecipe,
      precision: precisions[record.precision],
      rolloutSteps: record.ar_steps,
      optimizer: optimizers[record.optimizer],
      checkpoint: checkpointOf(record),
      concatTrick: record.concat_sum ?? 'off',
      recomputeActivation: record.recompute_activation ?? false,
    },
    device: null,
    reserveBytes: 0,
    allowTight: false,
    assumptions: [],
  };
}

export const countsOf = ({ counts }: Pick<PyTorchRecord, 'counts'>): Counts => ({
  gridNodes: counts.N_g,
  meshNodes: counts.N_m,
  meshEdges: counts.E_m,
  grid2meshEdges: counts.E_g2m,
  mesh2gridEdges: counts.E_m2g,
});
