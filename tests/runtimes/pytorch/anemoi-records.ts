/** Ground truth of the other code bases: their own packages traced by torch itself; see the first line of the data files. */
import { readFileSync } from 'node:fs';
import type { CheckpointPlan, Config, Grid, Model, ModelLayout, Precision } from '../../../src/config/types.js';
import type { Counts } from '../../../src/models/dimensions.js';
import { plainRecipe } from './records.js';

export interface CodeBaseRecord {
  readonly set: string;
  readonly model: 'anemoi-graphtransformer' | 'anemoi-gnn' | 'graph-weather' | 'neural-lam' | 'resgated-graphconv';
  readonly part: 'processor' | 'full';
  readonly grid?: readonly [number, number];
  readonly mesh_level?: number;
  readonly counts: { readonly N_m: number; readonly E_m: number } & Partial<Record<'N_g' | 'E_g2m' | 'E_m2g', number>>;
  readonly hidden_dim: number;
  readonly layers: number;
  readonly heads?: number;
  readonly hidden_layers?: number;
  readonly mlp_hidden_ratio?: number;
  readonly layout?: 'pre' | 'post';
  readonly edge_features?: number;
  readonly precision: 'fp32' | 'bf16-amp' | 'bf16-full';
  /** Samples per step; absent: 1. */
  readonly batch?: number;
  readonly checkpoint: boolean | 'none' | 'full' | 'balanced' | 'processor' | 'fine';
  readonly num_chunks?: number | { readonly processor: number; readonly mapper: number };
  readonly attention_backend?: 'pyg' | 'triton';
  readonly num_params: number;
  readonly peak_requested_bytes: number;
  readonly peak_reserved_bytes: number;
  readonly peak_reserved_expandable_bytes: number;
}

const read = (file: string): readonly CodeBaseRecord[] =>
  readFileSync(new URL(`../../data/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line));

export const records = read('anemoi.jsonl');
export const holdout = read('anemoi-holdout.jsonl');

const precisions: Readonly<Record<CodeBaseRecord['precision'], Precision>> = {
  fp32: 'fp32',
  'bf16-amp': 'bf16',
  'bf16-full': 'bf16-full',
};

const nothing: CheckpointPlan = plainRecipe.checkpoint;

export const chunksOf = ({ num_chunks: chunks = 1 }: CodeBaseRecord) =>
  typeof chunks === 'number' ? { processor: chunks, mapper: 1 } : chunks;

/** graph_weather's presets: one segment per network, or every embedder and block by itself. */
function presetPlan({ checkpoint, layers }: CodeBaseRecord): CheckpointPlan {
  const every = (layers: number) => ({ kind: 'every', layers }) as const;
  const parts = checkpoint === 'balanced';
  const whole = parts || checkpoint === 'processor';
  const processor = whole ? every(layers) : checkpoint === 'fine' ? every(1) : nothing.processor;
  return { ...nothing, encoder: parts, decoder: parts, model: checkpoint === 'full', processor };
}

function planOf(record: CodeBaseRecord): CheckpointPlan {
  if (typeof record.checkpoint === 'string') return presetPlan(record);
  const { processor, mapper } = chunksOf(record);
  const edges = mapper > 1 ? ({ kind: 'scan', blocks: mapper } as const) : nothing.edges;
  if (!record.checkpoint) return { ...nothing, edges };
  const every = { kind: 'every', layers: record.layers / processor } as const;
  return { ...nothing, encoder: true, decoder: true, processor: every, edges };
}

/** The recorded full models stand on PhysicsNeMo's two graphs, the hold-out on ours. */
function graphOf({ grid, mesh_level, counts }: CodeBaseRecord): { readonly grid: Grid; readonly meshLevel: number } {
  if (mesh_level !== undefined) {
    const [latitudes, longitudes] = grid!;
    return { grid: { latitudes, longitudes, kind: latitudes % 2 === 1 ? 'poles' : 'no-poles' }, meshLevel: mesh_level };
  }
  const fine = counts.N_g === 65_160;
  const kind = 'physicsnemo';
  return fine
    ? { grid: { latitudes: 181, longitudes: 360, kind }, meshLevel: 5 }
    : { grid: { latitudes: 91, longitudes: 180, kind }, meshLevel: 4 };
}

const hiddenLayers = (record: CodeBaseRecord): number =>
  record.hidden_layers ?? (record.model === 'anemoi-graphtransformer' ? 1 : 2);

/** Two steps of 90 variables in, 80 + 5 out; graph_weather's defaults. */
const channels = (layout: ModelLayout) =>
  layout === 'graph-weather' ? { inputChannels: 78, outputChannels: 78 } : { inputChannels: 180, outputChannels: 85 };

/** anemoi's mappers are of the processor's kind here. */
function ownOf({ model }: CodeBaseRecord): Pick<Model, 'own'> {
  const [codeBase, mapper] = model.split('-');
  return codeBase === 'anemoi' ? { own: { mapper: mapper!, loss: 'mse', strategy: 'single' } } : {};
}

export function configOf(record: CodeBaseRecord): Config {
  const layout = record.model === 'resgated-graphconv' ? 'physicsnemo' : record.model;
  return {
    runtime: 'pytorch',
    model: {
      name: 'record',
      layout,
      hiddenDim: record.hidden_dim,
      layers: record.layers,
      mlpHiddenLayers: hiddenLayers(record),
      ...graphOf(record),
      ...channels(layout),
      radiusFraction: 0.6,
      processor: record.model === 'anemoi-graphtransformer' ? 'attention' : 'interaction',
      heads: record.heads ?? 1,
      mlpRatio: record.mlp_hidden_ratio ?? 1,
      attentionBackend: record.attention_backend ?? 'pyg',
      ...ownOf(record),
    },
    recipe: {
      ...plainRecipe,
      batchSize: record.batch ?? 1,
      precision: precisions[record.precision],
      checkpoint: planOf(record),
    },
    device: null,
    reserveBytes: 0,
    allowTight: false,
    assumptions: [],
  };
}

export const countsOf = ({ counts }: CodeBaseRecord): Counts => ({
  gridNodes: counts.N_g ?? 0,
  meshNodes: counts.N_m,
  meshEdges: counts.E_m,
  grid2meshEdges: counts.E_g2m ?? 0,
  mesh2gridEdges: counts.E_m2g ?? 0,
});
