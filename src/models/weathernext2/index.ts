/** DeepMind's WeatherNext 2 (google-deepmind/weathernext 9c034db, weathernext2/). */
import type { CodeBase } from '../code-base.js';
import { attentionDimensions } from '../gencast/blocks.js';
import { attentionNotes, attentionOptions, attentionText } from '../gencast/transformer.js';
import { finestMeshGraph } from '../graphs.js';
import { checkModel } from './check-model.js';
import { jaxLines } from './lines.js';
import { weathernext2Program } from './program.js';
import { weathernext2Refusals } from './refusals.js';
import { ownDimensions } from './residents.js';

/** Readings of real cards: Faster-WeatherNext, JAX 0.11.2, temporaries of memory_analysis of the official code in float32. */
const notes = {
  forecast: [
    'Inference is one forecast (ensemble member): the released code runs one per card and call. It does not grow with the layers.',
  ],
  forecastRange: [
    'The number holds what every compile with cuBLAS products does: three logits-sized arrays and three of weights in a softmax (temporaries of 2.67 GiB for Mini, 61.1 at 0.25 degrees), and one reading of a real card, with products of the highest precision (2.65). The low end holds three, the weights written over the logits, as the other readings do: 1.52 and 1.54 GiB for Mini, 3.21 with a batch of two (5.44 with six), 33.0 at 0.25 degrees.',
  ],
  training: (samples: number) => [
    `Training runs ${samples} samples of one example as one batch (--batch), and compares them in its loss (CRPS).`,
  ],
  trainingRange: [
    'The number keeps six logits-sized arrays of every layer, as compiles with cuBLAS products do. The low end keeps three, the weights written over the logits, as forecasts on real cards do; no gradient was read on one.',
  ],
} as const;

export const weathernext2: CodeBase = {
  name: 'weathernext2',
  pythonPackages: ['weathernext'],
  layouts: {
    weathernext2: {
      label: "DeepMind's WeatherNext 2",
      home: 'jax',
      runtimes: ['jax'],
      options: ['radius-fraction'],
      processor: 'attention',
      processors: { attention: { hasHeads: true, hasMlpRatio: true } },
      sizesDecideKernels: true,
      edgeBlocks: [],
    },
  },
  options: attentionOptions,
  graph: finestMeshGraph,
  program: weathernext2Program,
  dimensions: (config, counts) => ({ ...attentionDimensions(config, counts), ...ownDimensions(config) }),
  checkModel,
  modelNotes: attentionNotes,
  modelText: attentionText,
  recipeNotes: ({ mode, xlaGemm, batchSize }) => [
    ...(mode === 'inference' ? notes.forecast : notes.training(batchSize)),
    ...(xlaGemm === 'cublas' ? [] : mode === 'inference' ? notes.forecastRange : notes.trainingRange),
  ],
  lines: { jax: jaxLines },
  refusals: weathernext2Refusals,
};
