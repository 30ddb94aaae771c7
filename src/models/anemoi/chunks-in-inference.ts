/** How a forecast with anemoi's models cuts its mappers and its processor (anemoi-models 0.19.0, layers/mapper.py, layers/block.py). */
import type { Config } from '../../config/types.js';
import type { CodeLine } from '../code-base.js';
import { networkOptions } from './options.js';

const environment = (text: string): CodeLine => ({ where: 'environment of anemoi-inference', text });

/**
 * A graph transformer's mapper takes the larger of its own `num_chunks` and the environment variable, which is read once at import, and its
 * processor the variable alone. The GNN's read none; transformers over rows are not cut.
 */
export function chunksInInference({ model, recipe: { checkpoint } }: Config): readonly CodeLine[] {
  const { edges, processorBlocks } = checkpoint;
  const { mapper } = networkOptions(model);
  const lines: CodeLine[] = [];
  if (edges.kind !== 'none' && mapper === 'gnn')
    lines.push({
      where: 'anemoi, the checkpoint’s model config',
      text: `model.encoder.num_chunks: ${edges.blocks}\nmodel.decoder.num_chunks: ${edges.blocks}`,
    });
  if (edges.kind !== 'none' && mapper === 'graphtransformer')
    lines.push(environment(`ANEMOI_INFERENCE_NUM_CHUNKS_MAPPER=${edges.blocks}`));
  if (processorBlocks !== undefined)
    lines.push(environment(`ANEMOI_INFERENCE_NUM_CHUNKS_PROCESSOR=${processorBlocks}`));
  return lines;
}
