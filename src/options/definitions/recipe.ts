/** How it is trained: the options that set the recipe on one card. */
import {
  allocators,
  concatTricks,
  modes,
  offloads,
  optimizers,
  precisions,
  runtimeNames,
  tapes,
  xlaGemms,
} from '../../config/choices.js';
import { maximumCount } from '../../config/limits.js';
import { choice, fraction, integer, option, recipe, text } from './definition.js';

export const recipeOptions = [
  option(
    'recipe',
    'recipe',
    text('fine-tuning'),
    'A recipe profile, e.g. fine-tuning: its options replace the model profile’s.',
    undefined,
    'NAME',
  ),
  option('recipe', 'runtime', choice(...runtimeNames), 'Whose memory rules apply.', 'runtime'),
  recipe(
    'precision',
    choice(...precisions),
    'precision',
    'bf16 and fp16 are mixed: parameters, gradients and optimizer state stay fp32. bf16-full holds everything in bf16.',
  ),
  recipe('mode', choice(...modes), 'mode', 'Inference keeps nothing for a backward pass and has no optimizer.'),
  recipe(
    'batch',
    integer(1, maximumCount, '1'),
    'batchSize',
    'Samples per GPU and micro-step. Activations grow linearly. Inference: samples per call, 1 unless typed.',
  ),
  recipe(
    'accumulate',
    integer(1, maximumCount, '1'),
    'accumulate',
    'Micro-steps per optimizer step. Keeps the gradients alive during the forward pass.',
  ),
  recipe(
    'rollout',
    integer(1, 1_000, '1'),
    'rolloutSteps',
    'Autoregressive steps in one program. Training: the gradient flows through all of them, and activations grow linearly unless each step is recomputed. Inference: the predictions of all steps stay on the card; 1 is one step per call, however long the forecast.',
  ),
  recipe(
    'optimizer',
    choice(...optimizers),
    'optimizer',
    'adamw and adam hold two arrays per parameter, adamw-8bit two of a byte per element, adafactor a row and a column, momentum one, sgd none. adamw in PyTorch is its foreach implementation.',
  ),
  recipe(
    'checkpoint',
    text('encoder+processor:every=2'),
    'checkpoint',
    'What is recomputed in the backward pass instead of kept: none, or parts joined by +, e.g. encoder+processor:every=2. Inference takes edges:blocks=N of anemoi: its mappers in N chunks.',
    'PLAN',
  ),
  recipe(
    'offload',
    choice(...offloads),
    'offload',
    'What waits in the host’s memory: the optimizer’s state, the inputs of recomputed segments (boundary), or both.',
  ),
  recipe(
    'concat-trick',
    choice(...concatTricks),
    'concatTrick',
    'PhysicsNeMo: project nodes before gathering them, so that no edges × 3·hidden-dim array exists.',
  ),
  recipe(
    'recompute-activation',
    { kind: 'switch', negatable: true },
    'recomputeActivation',
    'PhysicsNeMo: keep an MLP’s pre-activation only and recompute the activation; one array less per row and layer.',
  ),
  recipe(
    'allocator',
    choice(...allocators),
    'allocator',
    'PyTorch’s caching allocator, or its expandable segments, which fragment less.',
  ),
  recipe(
    'mem-fraction',
    fraction(1, '0.9'),
    'memFraction',
    'JAX’s share of the card (XLA_PYTHON_CLIENT_MEM_FRACTION), 0.75 by default.',
  ),
  recipe(
    'xla-gemm',
    choice(...xlaGemms),
    'xlaGemm',
    'Who multiplies matrices in XLA:GPU. auto gives cublas’s number and a range that covers triton.',
  ),
  recipe(
    'tape',
    choice(...tapes),
    'tape',
    'What the TensorFlow.js tape keeps: plain operations, fused matMul, or custom gradients that keep less.',
  ),
] as const;
