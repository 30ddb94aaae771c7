/** DeepMind's GenCast (google-deepmind/graphcast 08cf736). */
import type { CodeBase } from '../code-base.js';
import { finestMeshGraph } from '../graphs.js';
import { attentionDimensions } from './blocks.js';
import { checkModel } from './check-model.js';
import { jaxLines } from './lines.js';
import { gencastProgram } from './program.js';
import { gencastRefusals } from './refusals.js';
import { residentDimensions } from './residents.js';
import { attentionNotes, attentionOptions, attentionText } from './transformer.js';

const sixArrays =
  'The number holds what every compile with cuBLAS products does: three logits-sized arrays and three of weights in a softmax.';

/** Readings of real cards: Faster-WeatherNext, whose transformer is this one's, JAX 0.11.2; google-deepmind/graphcast, issue 171. */
const notes = {
  sampler: [
    'Inference is the whole sampler: one loop of 20 steps, each of which calls the denoiser twice. It takes the memory of one call, what both calls share and what the loop carries, and does not grow with the layers.',
  ],
  samplerRange: [
    `${sixArrays} The low end holds three, the weights written over the logits, as most readings of WeatherNext 2’s same transformer on real cards do (33.0 GiB where six are 61.1).`,
  ],
  training: ['Training calls the denoiser once, at a noise level drawn per sample: there is no rollout.'],
  trainingRange: [
    'The number keeps the logits of every layer, as compiles with cuBLAS products do. The low end leaves out the weights of the softmax that runs at the peak; the high end keeps six logits-sized arrays per layer, near which lies the one public report of a gradient at 0.25 degrees (712.7 GiB, google-deepmind/graphcast, issue 171).',
  ],
} as const;

export const gencast: CodeBase = {
  name: 'gencast',
  hostMemory: 'its authors ask for 300 GB of RAM at 0.25° and 24 GB at 1° (docs/cloud_vm_setup.md of 08cf736)',
  layouts: {
    gencast: {
      label: "DeepMind's GenCast",
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
  program: gencastProgram,
  dimensions: (config, counts) => ({ ...attentionDimensions(config, counts), ...residentDimensions(config) }),
  checkModel,
  modelNotes: attentionNotes,
  modelText: attentionText,
  recipeNotes: ({ mode, xlaGemm }) => [
    ...(mode === 'inference' ? notes.sampler : notes.training),
    ...(xlaGemm === 'cublas' ? [] : mode === 'inference' ? notes.samplerRange : notes.trainingRange),
  ],
  lines: { jax: jaxLines },
  refusals: gencastRefusals,
};
