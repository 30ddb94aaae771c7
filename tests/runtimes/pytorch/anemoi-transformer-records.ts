/** Ground truth of anemoi's transformer and its forecasts: anemoi-models traced by torch itself; see the first line of the data files. */
import { readFileSync } from 'node:fs';
import { parseReducedGaussian } from '../../../src/config/grid.js';
import type {
  CheckpointPlan,
  Config,
  Counts,
  Grid,
  Model,
  ModelLayout,
  Precision,
  ProcessorKind,
} from '../../../src/config/types.js';
import { layoutWith } from '../../../src/models/index.js';
import { plainRecipe } from './records.js';

export interface TransformerRecord {
  readonly set: string;
  readonly model: string;
  readonly counts: Readonly<Record<'N_g' | 'N_m' | 'E_g2m' | 'E_m' | 'E_m2g', number>>;
  readonly channels: Readonly<Record<'prognostic' | 'forcing' | 'diagnostic' | 'steps_in', number>>;
  readonly hidden_dim: number;
  readonly layers: number;
  readonly heads: number | null;
  readonly mlp_hidden_ratio: number;
  readonly precision: 'fp32' | 'bf16-amp' | 'bf16-full';
  readonly batch: number;
  readonly checkpoint: boolean;
  readonly num_chunks: { readonly processor: number; readonly mapper: number };
  readonly attention_backend: 'pyg' | 'triton' | null;
  readonly processor: 'transformer' | 'graph' | 'pointwise' | 'gnn';
  readonly mapper: 'graph' | 'transformer' | 'gnn' | 'pointwise';
  /** Of transformer mappers; a window of -1 is a mask of all pairs with SDPA. */
  readonly mapper_window_size?: number | null;
  readonly window_size: number | null;
  readonly attention: 'flash_attention' | 'scaled_dot_product_attention' | null;
  readonly qk_norm: boolean;
  readonly ensemble: number;
  readonly noise: boolean;
  readonly mode: 'train' | 'inference';
  /** The environment variables of a forecast. */
  readonly chunks: { readonly mapper: number; readonly processor: number } | null;
  /** Absent in the first records, which are all of a mean squared error. */
  readonly loss?: 'mse' | 'crps-stable' | 'crps-naive' | null;
  readonly grids?: { readonly data: string; readonly hidden: string };
  /** Cards that one model is cut over; absent: one. */
  readonly world?: number;
  /** Absent: without DistributedDataParallel. */
  readonly strategy?: 'ddp';
  /** Which of them; absent: the first. */
  readonly rank?: number;
  readonly num_params: number;
  readonly peak_requested_bytes: number;
  readonly peak_reserved_bytes: number;
  readonly peak_reserved_expandable_bytes: number;
}

const readTransformerRecords = (file: string): readonly TransformerRecord[] =>
  readFileSync(new URL(`../../data/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line));

export const records = readTransformerRecords('anemoi-transformer.jsonl');
export const holdout = readTransformerRecords('anemoi-transformer-holdout.jsonl');
export const wrapped = readTransformerRecords('anemoi-ddp.jsonl');
export const shardedHoldout = readTransformerRecords('anemoi-sharded-holdout.jsonl');

/**
 * The given record of a cut forecast was traced with one chunk, whatever it says: its peak is a product over all edges of the decoder. Chunks of
 * the environment are in the drawn ones.
 */
const asTraced = (record: TransformerRecord): TransformerRecord =>
  record.chunks === null ? record : { ...record, chunks: { mapper: 1, processor: 1 } };

export const givenRanks = records.filter(({ world }) => world !== undefined).map(asTraced);
/** Of models that are cut over cards. */
export const ranks = [...givenRanks, ...shardedHoldout];

const precisions: Readonly<Record<TransformerRecord['precision'], Precision>> = {
  fp32: 'fp32',
  'bf16-amp': 'bf16',
  'bf16-full': 'bf16-full',
};

const processors: Readonly<Record<TransformerRecord['processor'], ProcessorKind>> = {
  transformer: 'transformer',
  graph: 'attention',
  pointwise: 'point-wise',
  gnn: 'interaction',
};

export const layoutOfProcessor: Readonly<Record<TransformerRecord['processor'], ModelLayout>> = {
  transformer: 'anemoi-transformer',
  graph: 'anemoi-graphtransformer',
  pointwise: 'anemoi-point-wise',
  gnn: 'anemoi-gnn',
};

const implementations = { flash_attention: 'flash', scaled_dot_product_attention: 'sdpa' } as const;

const losses = { mse: 'mse', 'crps-stable': 'crps', 'crps-naive': 'crps-naive' } as const;

const mappers: Readonly<Record<TransformerRecord['mapper'], string>> = {
  graph: 'graphtransformer',
  transformer: 'transformer',
  gnn: 'gnn',
  pointwise: 'point-wise',
};

/** As wide as any mesh. */
const everyRow = 10_000_000;

/** flash-attn takes -1 for no window, SDPA makes a mask for it. */
const windowOf = (size: number | null | undefined, attention: TransformerRecord['attention']): number =>
  size === null || size === undefined ? -1 : size === -1 && attention !== 'flash_attention' ? everyRow : size;

function planOf({ checkpoint, layers, num_chunks, chunks, mode }: TransformerRecord): CheckpointPlan {
  const mapper = mode === 'train' ? num_chunks.mapper : Math.max(num_chunks.mapper, chunks!.mapper);
  const plan = plainRecipe.checkpoint;
  const edges = mapper > 1 ? ({ kind: 'scan', blocks: mapper } as const) : plan.edges;
  const blocks = chunks !== null && chunks.processor > 1 ? { processorBlocks: chunks.processor } : {};
  if (!checkpoint || mode === 'inference') return { ...plan, edges, ...blocks };
  const every = { kind: 'every', layers: layers / num_chunks.processor } as const;
  return { ...plan, encoder: true, decoder: true, processor: every, edges };
}

/** Without names the graphs are PhysicsNeMo's two. */
function graphOf({ grids, counts }: TransformerRecord): Pick<Model, 'grid' | 'meshLevel' | 'mesh'> {
  if (grids === undefined) {
    const [latitudes, longitudes, meshLevel] = counts.N_g === 65_160 ? [181, 360, 5] : [91, 180, 4];
    return { grid: { latitudes: latitudes!, longitudes: longitudes!, kind: 'physicsnemo' }, meshLevel: meshLevel! };
  }
  const grid = parseReducedGaussian(grids.data) as Grid;
  const mesh = parseReducedGaussian(grids.hidden);
  return mesh ? { grid, mesh, meshLevel: 0 } : { grid, meshLevel: Number(grids.hidden.replace('tri', '')) };
}

export function configOf(record: TransformerRecord): Config {
  const { prognostic, forcing, diagnostic, steps_in: steps } = record.channels;
  const processor = processors[record.processor];
  return {
    runtime: 'pytorch',
    model: {
      name: 'record',
      layout: layoutWith('anemoi-graphtransformer', processor),
      hiddenDim: record.hidden_dim,
      layers: record.layers,
      // The GNN's own MLPs have two.
      mlpHiddenLayers: processor === 'interaction' ? 2 : 1,
      ...graphOf(record),
      inputChannels: steps * (prognostic + forcing),
      outputChannels: prognostic + diagnostic,
      radiusFraction: 0.6,
      processor,
      // The mappers’, where the processor has none.
      heads: record.heads ?? 8,
      mlpRatio: record.mlp_hidden_ratio,
      attentionBackend: record.attention_backend ?? 'pyg',
      own: {
        strategy: record.strategy ?? 'single',
        mapper: mappers[record.mapper],
        ...(record.processor === 'transformer' && { windowSize: windowOf(record.window_size, record.attention) }),
        ...(record.mapper === 'transformer' && {
          mapperWindowSize: windowOf(record.mapper_window_size, record.attention),
        }),
        ...(record.attention && { attentionImplementation: implementations[record.attention] }),
        ...(record.processor !== 'pointwise' && record.processor !== 'gnn' && { qkNorm: record.qk_norm }),
        diagnosticChannels: diagnostic,
        loss: losses[record.loss ?? 'mse'],
        processorChunks: record.num_chunks.processor,
      },
    },
    recipe: {
      ...plainRecipe,
      mode: record.mode,
      optimizer: record.mode === 'train' ? plainRecipe.optimizer : 'none',
      batchSize: record.batch,
      precision: precisions[record.precision],
      checkpoint: planOf(record),
      ...(record.noise && { ensemble: record.ensemble }),
      ...(record.world && { gpus: record.world, parallel: 'model' }),
    },
    device: null,
    reserveBytes: 0,
    allowTight: false,
    assumptions: [],
  };
}

export const countsOf = ({ counts }: TransformerRecord): Counts => ({
  gridNodes: counts.N_g,
  meshNodes: counts.N_m,
  meshEdges: counts.E_m,
  grid2meshEdges: counts.E_g2m,
  mesh2gridEdges: counts.E_m2g,
});
