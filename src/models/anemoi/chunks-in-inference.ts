/** How a forecast with anemoi's models cuts its mappers (anemoi-models 0.19.0, layers/mapper.py). */
import type { ModelLayout } from '../../config/types.js';

/**
 * A graph transformer's mapper takes the larger of its own `num_chunks` and the environment variable, which is read once at import.
 * The GNN's reads no variable.
 */
export const chunksInInference = (layout: ModelLayout, chunks: number): { where: string; text: string } =>
  layout === 'anemoi-gnn'
    ? {
        where: 'anemoi, the checkpoint’s model config',
        text: `model.encoder.num_chunks: ${chunks}\nmodel.decoder.num_chunks: ${chunks}`,
      }
    : {
        where: 'environment of anemoi-inference (ANEMOI_INFERENCE_NUM_CHUNKS: the processor’s too)',
        text: `ANEMOI_INFERENCE_NUM_CHUNKS_MAPPER=${chunks}`,
      };
