/** PhysicsNeMo's Hydra keys (NVIDIA/physicsnemo 94b3551, examples/weather/graphcast/conf/config.yaml). */
import { formatCheckpoint } from '../../config/checkpoint.js';
import type { Config } from '../../config/types.js';
import type { Exported, Exporter, Value } from '../exporting/types.js';
import { writeYaml } from '../exporting/write.js';

/** `set_checkpoint_processor(segments)` over 2 · (layers − 2) blocks. */
function segmentsOf({ model, recipe }: Config): number | undefined {
  const { processor } = recipe.checkpoint;
  if (processor.kind === 'none') return undefined;
  const segments = processor.kind === 'segments' ? processor.segments : (model.layers - 2) / processor.layers;
  return Number.isInteger(segments) ? segments : Number.NaN;
}

function keysOf(config: Config): Exported {
  const { model, recipe } = config;
  const { checkpoint, precision } = recipe;
  const segments = segmentsOf(config);
  const isExpressible = segments === undefined || Number.isInteger(segments);
  const keys = new Map<string, Value>([
    ['processor_layers', model.layers],
    ['hidden_dim', model.hiddenDim],
    ['mesh_level', model.meshLevel],
    ['latlon_res', [model.grid.latitudes, model.grid.longitudes]],
    ['force_single_checkpoint', checkpoint.model],
    ['checkpoint_encoder', checkpoint.encoder],
    ['checkpoint_processor', segments !== undefined && isExpressible],
    ...(segments !== undefined && isExpressible ? [['segments', segments] as const] : []),
    ['checkpoint_decoder', checkpoint.decoder],
    ['concat_trick', recipe.concatTrick !== 'off'],
    ['recompute_activation', recipe.recomputeActivation],
    ['full_bf16', precision === 'bf16-full'],
    ['amp', precision === 'bf16' || precision === 'fp16'],
    ...(precision === 'fp16' ? [['amp_dtype', 'float16'] as const] : []),
    ...(precision === 'bf16' ? [['amp_dtype', 'bfloat16'] as const] : []),
  ]);
  const missing = [
    !isExpressible && `--checkpoint ${formatCheckpoint(checkpoint)}: its segments must divide 2 · (layers − 2)`,
    checkpoint.rollout && 'recomputed rollout steps',
    recipe.batchSize > 1 && `batch ${recipe.batchSize}: it always takes one sample`,
    recipe.accumulate > 1 && `${recipe.accumulate} accumulated micro-steps`,
    model.processor !== 'interaction' && `${model.processor} layers`,
    model.mlpHiddenLayers !== 1 && `${model.mlpHiddenLayers} hidden layers per MLP`,
  ];
  return { keys, missing: missing.filter((text) => text !== false) };
}

export const exporter: Exporter = {
  keysOf,
  write: writeYaml,
  ending: 'yaml',
  checkpoint: ({ model }) => (model.processor === 'interaction' ? { ending: 'pt' } : undefined),
};
