/**
 * Configurations that are near GraphCast's and that nothing here prices: recognised by keys that only they have, and refused by name, never
 * read as GraphCast. Where the network is GraphCast's own, the line to type for it comes along.
 * Sources: PaddlePaddle/PaddleScience 12ed5ac, examples/graphcast/conf and jointContribution/graphcast/config; mindspore-ai/mindscience,
 * MindEarth/applications/medium-range/graphcast/configs; google-deepmind/graphcast 08cf736, gencast.py, denoiser.py; WeatherNext2.json.
 */
import { shown } from '../../config/nearest.js';
import { InputError } from '../../errors.js';
import type { Settings } from '../importing/settings.js';
import type { Importer } from '../importing/types.js';

interface Relative {
  readonly label: string;
  readonly why: string;
  /** The last parts of keys that only its files have. */
  readonly signs: readonly string[];
  /** The shipped model that is its network. */
  readonly model?: string;
  /** Our flags and its keys, where the network is one of ours. */
  readonly flags?: Readonly<Record<string, readonly string[]>>;
}

const relatives: readonly Relative[] = [
  {
    label: "PaddleScience's GraphCast",
    why: 'Paddle keeps arrays by rules of its own, which are not known here',
    signs: ['grid_node_dim', 'grid_node_emb_dim', 'mesh_node_emb_dim', 'mesh2grid_edge_emb_dim'],
    flags: {
      'hidden-dim': ['latent_size', 'grid_node_emb_dim'],
      layers: ['gnn_msg_steps'],
      'mesh-level': ['mesh_size'],
      'input-channels': ['grid_node_dim'],
      'output-channels': ['node_output_dim'],
      resolution: ['resolution'],
    },
  },
  {
    label: "MindEarth's GraphCast",
    why: 'MindSpore keeps arrays by rules of its own, which are not known here',
    signs: ['processing_steps', 'latent_dims', 'eg2m_in_channels', 'em2g_in_channels'],
    flags: {
      'hidden-dim': ['latent_dims'],
      layers: ['processing_steps'],
      'mesh-level': ['mesh_level'],
      'output-channels': ['feature_dims'],
      batch: ['batch_size'],
    },
  },
  {
    label: 'GenCast',
    why: 'its models are priced, and its configuration files are not read',
    model: 'gencast-1deg',
    flags: {
      'hidden-dim': ['d_model', 'latent_size'],
      layers: ['num_layers'],
      heads: ['num_heads'],
      'k-hop': ['attention_k_hop'],
      'mesh-level': ['mesh_size'],
    },
    signs: ['attention_k_hop', 'sparse_transformer_config', 'denoiser_architecture_config', 'num_noise_levels'],
  },
  {
    label: 'WeatherNext 2',
    why: 'its mesh network is a transformer, another network than GraphCast',
    signs: ['pre_gather_matmul', 'remat_grid_to_mesh_gnn', 'remat_mesh_to_grid_gnn'],
  },
];

/** Keys as they stand, or below them: `sparse_transformer_config.d_model`. */
const hasSign = (settings: Settings, sign: string): boolean =>
  settings.keys.some((key) => key.split('.').includes(sign));

const importerOf = ({ label, why, signs, model, flags = {} }: Relative): Importer => ({
  label,
  bases: [],
  recognizes: (settings) => signs.some((sign) => hasSign(settings, sign)),
  isHarmless: () => true,
  read: (settings) => {
    const said = Object.entries(flags).flatMap(([flag, names]) => {
      const [key] = names.flatMap((name) => settings.ending(name));
      const value = key === undefined ? undefined : settings.value(key);
      return typeof value === 'number' ? [`--${flag} ${value}`] : [];
    });
    const nearest =
      model === undefined
        ? `gc-plan estimate graphcast-small --runtime pytorch ${said.join(' ')}   (the same network by PyTorch's rules; its own may differ)`
        : `gc-plan estimate ${model} ${said.join(' ')}   (--grid LATxLON for another grid)`;
    throw new InputError(
      'not-priced',
      `${shown(settings.file)}: ${label}: ${why}${model === undefined ? ', so it is not priced' : ''}.`,
      said.length === 0 ? ['gc-plan profiles lists the models that are priced.'] : [nearest],
    );
  },
});

export const importers: readonly Importer[] = relatives.map(importerOf);
