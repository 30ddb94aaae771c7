/** neural-lam's arguments (mllam/neural-lam 434d5fa, neural_lam/train_model.py): as typed, or as the mapping that its parser makes. */
import { given } from '../../config/profiles.js';
import type { Precision } from '../../config/types.js';
import type { Settings } from '../importing/settings.js';
import type { Imported, Importer } from '../importing/types.js';

const precisions: Readonly<Record<string, Precision>> = {
  '32': 'fp32',
  '32-true': 'fp32',
  '16': 'fp16',
  '16-mixed': 'fp16',
  bf16: 'bf16',
  'bf16-mixed': 'bf16',
  'bf16-true': 'bf16-full',
};

/** Of its argument parser (train_model.py, 434d5fa). */
const parserDefaults = { hiddenDim: 64, layers: 4 } as const;

/** What `--model` may name; the hierarchical and the probabilistic ones are other networks. */
const networks = { graph_lam: 'neural-lam' } as const;

function cardsOf(settings: Settings): number {
  const view = settings.for('gpus');
  const devices = view.text('devices');
  const perNode = devices === undefined || !/^\d+$/.test(devices) ? 1 : Number(devices);
  return perNode * (view.whole('num_nodes') ?? 1);
}

function read(settings: Settings): Imported {
  const base = settings.class(networks, 'model') ?? 'neural-lam';
  const cards = cardsOf(settings);
  const said = given({
    hiddenDim: settings.for('hidden-dim').whole('hidden_dim'),
    layers: settings.for('layers').whole('processor_layers'),
    mlpHiddenLayers: settings.for('mlp-hidden-layers').whole('hidden_layers'),
  });
  const defaults = Object.entries(parserDefaults).filter(([key]) => !(key in said));
  return {
    base,
    model: { ...parserDefaults, ...said },
    recipe: {
      ...given({
        batchSize: settings.for('batch').whole('batch_size'),
        rolloutSteps: settings.for('rollout').whole('ar_steps_train'),
        precision: settings.for('precision').choice(precisions, 'precision'),
      }),
      ...(cards > 1 && { gpus: cards, parallel: 'data' as const }),
    },
    notes:
      defaults.length === 0
        ? []
        : [`Its argument parser's defaults stand in: ${defaults.map(([key, value]) => `${key} ${value}`).join(', ')}.`],
    asks: {
      layers: '--layers N   --processor_layers',
      hiddenDim: '--hidden-dim N   --hidden_dim',
      mesh: '--mesh-level N   the graph that create_graph wrote for --graph; another mesh: --grid-nodes N --mesh-nodes N --mesh-edges N --grid2mesh-edges N --mesh2grid-edges N',
      grid: '--grid LATxLON   the datastore that --config_path names',
      inputChannels: '--input-channels N   state, forcing and static variables of the datastore',
      outputChannels: '--output-channels N   state variables of the datastore',
    },
  };
}

const harmless =
  /^(config_path|graph|mesh_aggr|ar_steps_eval|lr|epochs|val_interval|seed|num_workers|load|load_single_member|restore_opt|eval|n_example_pred|create_gif|runs_root|val_steps_to_log|train_steps_to_log|metrics_watch|var_leads_metrics_watch|num_sanity_val_steps|logger\w*|wandb\w*|loss|num_past_forcing_steps|num_future_forcing_steps|step_length|g2m_gnn_type|m2g_gnn_type|mesh_up_gnn_type|mesh_down_gnn_type|min_lr|data_path|dataset)$/;

export const neuralLam: Importer = {
  label: 'neural-lam',
  bases: ['neural-lam'],
  recognizes: (settings) =>
    settings.has('ar_steps_train', 'ar_steps_eval', 'mesh_aggr', 'g2m_gnn_type', 'm2g_gnn_type') ||
    (settings.has('config_path') && settings.has('graph', 'model', 'hidden_dim')) ||
    (settings.has('processor_layers', 'hidden_dim') && settings.has('graph', 'val_interval', 'batch_size')),
  read,
  isHarmless: (key) => harmless.test(key),
};
