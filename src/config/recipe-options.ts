/**
 * How it is trained: one record per option. The type of a recipe, what one says where nobody says anything, flags, help, profile files and
 * the report's schema follow from it; which runtimes have an option is theirs to say (`runtimes/<name>/traits.ts`).
 */
import { formatCheckpoint, noCheckpoint } from './checkpoint.js';
import {
  allocators,
  concatTricks,
  jaxAllocators,
  modes,
  offloads,
  optimizers,
  parallelisms,
  pipelineSchedules,
  precisions,
  tapes,
  xlaGemms,
} from './choices.js';
import { maximumCount } from './limits.js';
import { choice, fraction, integer, negatable, type OptionValue, text, type ValueOf } from './option-value.js';

const record = <const Name extends string, const Value extends OptionValue>(
  name: Name,
  value: Value,
  otherwise: ValueOf<Value>,
  help: string,
) => ({ name, value, default: otherwise, help });

/** Only training has the option: a forecast runs with `inForecast`, and refuses any other value that is typed. */
const ofTraining = <const Each extends { readonly default: unknown }>(
  inForecast: Each['default'],
  option: Each,
): Each & { readonly inForecast: Each['default'] } => ({ ...option, inForecast });

export const recipeOptions = {
  precision: record(
    'precision',
    choice(...precisions),
    'fp32',
    'bf16 and fp16 are mixed: parameters, gradients and optimizer state stay fp32. bf16-full holds everything in bf16.',
  ),
  mode: record('mode', choice(...modes), 'train', 'Inference keeps nothing for a backward pass and has no optimizer.'),
  batchSize: record(
    'batch',
    integer(1, maximumCount, '1'),
    1,
    'Samples per GPU and micro-step. Activations grow linearly. Inference: samples per call, 1 unless typed.',
  ),
  accumulate: ofTraining(
    1,
    record(
      'accumulate',
      integer(1, maximumCount, '1'),
      1,
      'Micro-steps per optimizer step. Keeps the gradients alive during the forward pass.',
    ),
  ),
  rolloutSteps: record(
    'rollout',
    integer(1, 1_000, '1'),
    1,
    'Autoregressive steps in one program. Training: the gradient flows through all of them, and activations grow linearly unless each step is recomputed. Inference: the predictions of all steps stay on the card; 1 is one step per call, however long the forecast.',
  ),
  ensemble: {
    name: 'ensemble',
    value: integer(1, maximumCount, '4'),
    // Absent: a model without noise. One member has noise too.
    default: undefined,
    help: 'Members on the card, told apart by noise that the processor’s norms read: samples are members × batch.',
  },
  optimizer: ofTraining(
    'none',
    record(
      'optimizer',
      choice(...optimizers),
      'adamw',
      'adamw and adam hold two arrays per parameter, adamw-8bit two of a byte per element, adafactor a row and a column, momentum one, sgd none. adamw in PyTorch is its foreach implementation.',
    ),
  ),
  amsgrad: ofTraining(
    false,
    record(
      'amsgrad',
      negatable,
      false,
      'Adam and AdamW keep the largest second moment too: one array more per parameter.',
    ),
  ),
  ema: ofTraining(
    false,
    record(
      'ema',
      negatable,
      false,
      'A moving average of the parameters stays on the card: one copy more (AveragedModel, Lightning’s EMAWeightAveraging).',
    ),
  ),
  setToNone: ofTraining(
    true,
    record(
      'set-to-none',
      negatable,
      true,
      'Gradients are freed before the forward pass, as zero_grad does by default; without, they are set to zero and stay.',
    ),
  ),
  checkpoint: ofTraining(noCheckpoint, {
    name: 'checkpoint',
    value: text('encoder+processor:every=2'),
    default: noCheckpoint,
    help: 'What is recomputed in the backward pass instead of kept: none, or parts joined by +, e.g. encoder+processor:every=2. Inference takes edges:blocks=N and processor:blocks=M of anemoi: its mappers and its graph transformer in chunks.',
    syntax: 'PLAN',
  }),
  offload: ofTraining(
    'none',
    record(
      'offload',
      choice(...offloads),
      'none',
      'What waits in the host’s memory: the optimizer’s state, the inputs of recomputed segments (boundary), or both.',
    ),
  ),
  concatTrick: record(
    'concat-trick',
    choice(...concatTricks),
    'off',
    'PhysicsNeMo: project nodes before gathering them, so that no edges × 3·hidden-dim array exists.',
  ),
  recomputeActivation: ofTraining(
    false,
    record(
      'recompute-activation',
      negatable,
      false,
      'PhysicsNeMo: keep an MLP’s pre-activation only and recompute the activation; one array less per row and layer.',
    ),
  ),
  allocator: record(
    'allocator',
    choice(...allocators),
    'native',
    'PyTorch’s caching allocator, or its expandable segments, which fragment less.',
  ),
  // xla/pjrt and the JAX documentation (gpu_memory_allocation): 75 % of the card is preallocated.
  memFraction: record(
    'mem-fraction',
    fraction(1, '0.9'),
    0.75,
    'JAX’s share of the card (XLA_CLIENT_MEM_FRACTION; its old name: XLA_PYTHON_CLIENT_MEM_FRACTION), 0.75 by default.',
  ),
  jaxAllocator: record(
    'jax-allocator',
    choice(...jaxAllocators),
    'default',
    'How JAX takes memory: its share at the start, as it needs it (XLA_PYTHON_CLIENT_PREALLOCATE=false, same limit), or array by array from the whole card (XLA_PYTHON_CLIENT_ALLOCATOR=platform, slow).',
  ),
  xlaGemm: record(
    'xla-gemm',
    choice(...xlaGemms),
    'auto',
    'Who multiplies matrices in XLA:GPU. auto gives cublas’s number and a range that covers triton.',
  ),
  tape: record(
    'tape',
    choice(...tapes),
    'plain',
    'What the TensorFlow.js tape keeps: plain operations, fused matMul, or custom gradients that keep less.',
  ),
  gpus: record('gpus', integer(1, maximumCount, '4'), 1, 'How many cards share the work.'),
  parallel: record(
    'parallel',
    choice(...parallelisms),
    'none',
    'How the cards share it. data keeps a full copy on each; zero1, 2, 3 shard optimizer state, gradients, parameters; model cuts one sample over them as anemoi does.',
  ),
  pipelineSchedule: record(
    'pipeline-schedule',
    choice(...pipelineSchedules),
    '1f1b',
    'Micro-batches of --parallel pipeline: one forward and one backward pass in turn, or all forward passes first.',
  ),
} as const;

export type RecipeKey = keyof typeof recipeOptions;
export const recipeKeys = Object.keys(recipeOptions) as RecipeKey[];

/** How one model is trained, or asked for a forecast, on each card. */
export type Recipe = { readonly [Key in Exclude<RecipeKey, 'ensemble'>]: (typeof recipeOptions)[Key]['default'] } & {
  readonly ensemble?: number;
};

/** What a forecast has of the options that only training has. */
export const valuesInForecast: Partial<Recipe> = Object.fromEntries(
  Object.entries(recipeOptions).flatMap(([key, option]) => ('inForecast' in option ? [[key, option.inForecast]] : [])),
);

/** A value as a command line has it. */
export const valueText = (recipe: Recipe, key: RecipeKey): string =>
  key === 'checkpoint' ? formatCheckpoint(recipe.checkpoint) : String(recipe[key]);

/** What a recipe says where neither the profile nor the user does. */
export const defaultRecipe = Object.fromEntries(
  recipeKeys.flatMap((key) => {
    const value = recipeOptions[key].default;
    return value === undefined ? [] : [[key, value]];
  }),
) as Recipe;
