/**
 * PaddleScience's GraphCast (PaddlePaddle/PaddleScience 12ed5ac, examples/graphcast/conf/*.yaml): DeepMind's network run eagerly by Paddle.
 * Its keys say the same numbers under other names; no runtime here is Paddle's, so it is recognised and refused with the way to the nearest.
 */
import { InputError } from '../../errors.js';
import type { Settings } from '../importing/settings.js';
import type { Importer } from '../importing/types.js';

const own = ['MODEL.grid_node_dim', 'MODEL.grid_node_emb_dim', 'MODEL.mesh_node_emb_dim', 'MODEL.gnn_msg_steps'];

function refuse(settings: Settings): never {
  const anywhere = (key: string) => settings.whole(...['MODEL', 'DATA'].map((part) => `${part}.${key}`));
  const flags = [
    ['hidden-dim', anywhere('latent_size') ?? anywhere('grid_node_emb_dim')],
    ['layers', anywhere('gnn_msg_steps')],
    ['mesh-level', anywhere('mesh_size')],
    ['input-channels', anywhere('grid_node_dim')],
    ['output-channels', anywhere('node_output_dim')],
    ['resolution', settings.decimal('MODEL.resolution', 'DATA.resolution')],
  ] as const;
  const said = flags.flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag} ${value}`])).join(' ');
  throw new InputError(
    'not-priced',
    `${settings.file}: PaddleScience's GraphCast: Paddle keeps arrays by rules of its own, which are not known here, so it is not priced.`,
    [
      `gc-plan estimate graphcast-small --runtime pytorch ${said}   (the same network by PyTorch's rules; Paddle's may differ)`,
    ],
  );
}

export const paddleScience: Importer = {
  label: 'PaddleScience GraphCast',
  bases: [],
  recognizes: (settings) => settings.has(...own),
  read: refuse,
  isHarmless: () => true,
};
