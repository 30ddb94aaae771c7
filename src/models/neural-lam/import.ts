/** neural-lam's arguments (mllam/neural-lam 434d5fa, neural_lam/train_model.py): as typed, or as the mapping that its parser makes. */
import { given } from '../../config/given.js';
import type { Precision } from '../../config/types.js';
import { type Setting, Settings } from '../importing/settings.js';
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

/** `--hidden_dim 64 --lr=1e-3`, over as many lines as one likes. */
export function argumentSettings(file: string, text: string): Settings {
  const settings = new Map<string, Setting>();
  let key: string | undefined;
  for (const [index, lineText] of text.split('\n').entries()) {
    for (const word of lineText
      .replace(/(^|\s)#.*$/, '')
      .replace(/\\$/, '')
      .trim()
      .split(/\s+/)) {
      if (word === '') continue;
      const match = /^--([\w-]+)(?:=(.*))?$/.exec(word);
      if (match) {
        key = match[1]!.replaceAll('-', '_');
        settings.set(key, { value: match[2] ?? true, line: index + 1 });
      } else if (key !== undefined) {
        settings.set(key, { value: word, line: index + 1 });
        key = undefined;
      }
    }
  }
  return new Settings(file, settings);
}

function read(settings: Settings): Imported {
  const network = settings.text('model') ?? 'graph_lam';
  const devices = settings.text('devices');
  const cards =
    (devices === undefined || !/^\d+$/.test(devices) ? 1 : Number(devices)) * (settings.whole('num_nodes') ?? 1);
  return {
    base: 'neural-lam',
    model: given({
      hiddenDim: settings.whole('hidden_dim'),
      layers: settings.whole('processor_layers'),
      mlpHiddenLayers: settings.whole('hidden_layers'),
    }),
    recipe: {
      ...given({
        batchSize: settings.whole('batch_size'),
        rolloutSteps: settings.whole('ar_steps_train'),
        precision: settings.choice(precisions, 'precision'),
      }),
      ...(cards > 1 && { gpus: cards, parallel: 'data' as const }),
    },
    notes: [
      ...(network === 'graph_lam'
        ? []
        : [`model ${network} is priced as graph_lam: its hierarchy or its latent variable is not known here.`]),
      'Grid, mesh and channels follow from neural-lam’s data set and graph: give --grid, --mesh-level, --input-channels and --output-channels.',
    ],
  };
}

export const neuralLam: Importer = {
  label: 'neural-lam',
  recognizes: (settings) =>
    settings.has('ar_steps_train', 'ar_steps_eval', 'mesh_aggr', 'g2m_gnn_type', 'm2g_gnn_type') ||
    (settings.has('processor_layers') && settings.has('graph', 'val_interval', 'batch_size')),
  read,
  harmless:
    /^(config_path|graph|mesh_aggr|ar_steps_eval|lr|epochs|val_interval|seed|num_workers|load|restore_opt|eval|n_example_pred|val_steps_to_log|metrics_watch|var_leads_metrics_watch|logger\w*|wandb\w*|loss|num_past_forcing_steps|num_future_forcing_steps|step_length|g2m_gnn_type|m2g_gnn_type|min_lr)$/,
};
