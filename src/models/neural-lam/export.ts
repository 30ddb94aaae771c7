/** neural-lam's arguments (mllam/neural-lam 434d5fa, neural_lam/train_model.py). */
import { formatCheckpoint, noCheckpoint } from '../../config/checkpoint.js';
import type { Config, Precision } from '../../config/types.js';
import type { Exported, Exporter, Value } from '../exporting/types.js';
import { writeArguments } from '../exporting/write.js';

const precisions: Readonly<Record<Precision, string>> = {
  fp32: '32',
  bf16: 'bf16-mixed',
  fp16: '16-mixed',
  'bf16-full': 'bf16-true',
};

function keysOf({ model, recipe }: Config): Exported {
  const plan = formatCheckpoint(recipe.checkpoint);
  const keys = new Map<string, Value>([
    ['hidden_dim', model.hiddenDim],
    ['hidden_layers', model.mlpHiddenLayers],
    ['processor_layers', model.layers],
    ['batch_size', recipe.batchSize],
    ['ar_steps_train', recipe.rolloutSteps],
    ['precision', precisions[recipe.precision]],
    ['devices', recipe.gpus],
  ]);
  const missing = [
    plan !== formatCheckpoint(noCheckpoint) && `--checkpoint ${plan}`,
    recipe.accumulate > 1 && `${recipe.accumulate} accumulated micro-steps`,
  ];
  return { keys, missing: missing.filter((text) => text !== false) };
}

export const exporter: Exporter = { keysOf, write: writeArguments, ending: 'sh', checkpoint: () => ({ ending: 'pt' }) };
