/** Keys of anemoi's training configuration (ecmwf/anemoi-core 2cb9b6e, training/src/anemoi/training/config). */
import type { CodeLine, Lines } from '../code-base.js';
import { lightningPrecisions } from '../layers/lightning.js';
import { chunksInInference } from './chunks-in-inference.js';

const inModel = (text: string): readonly CodeLine[] => [{ where: 'anemoi, model config', text }];
const inTraining = (text: string): readonly CodeLine[] => [{ where: 'anemoi, training config', text }];
const python = (isOn: boolean): string => (isOn ? 'True' : 'False');

export const configurationLines: Lines = {
  'checkpoint-encoder': ({ recipe }) =>
    inModel(`model.encoder.gradient_checkpointing: ${python(recipe.checkpoint.encoder)}`),
  'checkpoint-decoder': ({ recipe }) =>
    inModel(`model.decoder.gradient_checkpointing: ${python(recipe.checkpoint.decoder)}`),
  'checkpoint-processor': ({ model, recipe: { checkpoint } }) =>
    checkpoint.processor.kind === 'every'
      ? inModel(
          `model.processor.gradient_checkpointing: True\nmodel.processor.num_chunks: ${model.layers / checkpoint.processor.layers}`,
        )
      : inModel('model.processor.gradient_checkpointing: False'),
  'edge-blocks': ({ recipe: { checkpoint } }) =>
    checkpoint.edges.kind === 'none'
      ? []
      : inModel(
          `model.encoder.num_chunks: ${checkpoint.edges.blocks}\nmodel.decoder.num_chunks: ${checkpoint.edges.blocks}`,
        ),
  'mapper-chunks': chunksInInference,
  'processor-chunks': chunksInInference,
  'micro-batch': ({ recipe }) =>
    inTraining(
      `dataloader.batch_size.training: ${recipe.batchSize}\ntraining.accum_grad_batches: ${recipe.accumulate}`,
    ),
  precision: ({ recipe }) => inTraining(`training.precision: ${lightningPrecisions[recipe.precision]}`),
};
