/** anemoi's training configuration (ecmwf/anemoi-core 2cb9b6e, training/src/anemoi/training/config). */
import type { Config, Precision } from '../../config/types.js';
import type { Exported, Exporter, Value } from '../exporting/types.js';
import { writeYaml } from '../exporting/write.js';
import { codeBaseOf, layoutOf } from '../index.js';

const precisions: Readonly<Record<Precision, string>> = {
  fp32: '32-true',
  bf16: 'bf16-mixed',
  fp16: '16-mixed',
  'bf16-full': 'bf16-true',
};

function keysOf({ model, recipe }: Config): Exported {
  const { checkpoint } = recipe;
  const { processor, edges } = checkpoint;
  const isAttention = model.processor === 'attention';
  const keys = new Map<string, Value>([
    ['model.num_channels', model.hiddenDim],
    ['model.processor.num_layers', model.layers],
    ...(isAttention ? [['model.processor.num_heads', model.heads] as const] : []),
    ['model.processor.gradient_checkpointing', processor.kind === 'every'],
    ...(processor.kind === 'every' ? [['model.processor.num_chunks', model.layers / processor.layers] as const] : []),
    ['model.encoder.gradient_checkpointing', checkpoint.encoder],
    ['model.decoder.gradient_checkpointing', checkpoint.decoder],
    ['model.encoder.num_chunks', edges.kind === 'none' ? 1 : edges.blocks],
    ['model.decoder.num_chunks', edges.kind === 'none' ? 1 : edges.blocks],
    ['graph.nodes.hidden.node_builder.resolution', model.meshLevel],
    ['training.precision', precisions[recipe.precision]],
    ['training.accum_grad_batches', recipe.accumulate],
    ['dataloader.batch_size.training', recipe.batchSize],
    ['task.rollout.start', recipe.rolloutSteps],
  ]);
  const missing = [
    codeBaseOf(model.layout).name !== 'anemoi' && `the network of ${layoutOf(model.layout).label}`,
    checkpoint.model && 'one checkpoint around the whole model',
    checkpoint.rollout && 'recomputed rollout steps',
    processor.kind === 'segments' && `processor:segments=${processor.segments}`,
  ];
  return { keys, missing: missing.filter((text) => text !== false) };
}

export const exporter: Exporter = { keysOf, write: writeYaml };
