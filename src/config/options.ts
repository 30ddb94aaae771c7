/** The one table of the options that estimate, sweep, advise, solve, verify and explain share. Flags, help and parsing follow from it. */
import { optionRuntimes, runtimeNames } from './capabilities.js';
import { gridKinds } from './grid.js';
import { maximumCount, maximumHiddenDim, maximumLayers, maximumMeshLevel } from './limits.js';
import type { NumberRange } from './numbers.js';
import type { Recipe, RuntimeName } from './types.js';

export type OptionValue =
  | { readonly kind: 'integer' | 'decimal'; readonly range: NumberRange }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** Parsed by whoever knows its grammar: a grid, a checkpoint plan, a size, a name. */
  | { readonly kind: 'text'; readonly example: string }
  | { readonly kind: 'switch'; readonly negatable: boolean };

export interface OptionDefinition {
  /** Without dashes. */
  readonly name: string;
  readonly group: 'model' | 'recipe' | 'device' | 'report';
  readonly value: OptionValue;
  /** How the value is written, e.g. `LATxLON`; empty for switches. */
  readonly syntax: string;
  /** What it means, its unit and its effect on memory. */
  readonly help: string;
  /** The key of a report's config that it sets; absent where it only steers output. */
  readonly sets?: string;
  readonly runtimes: readonly RuntimeName[];
}

const integer = (minimum: number, maximum: number, example: string): OptionValue => ({
  kind: 'integer',
  range: { minimum, maximum, example },
});
const fraction = (maximum: number, example: string): OptionValue => ({
  kind: 'decimal',
  range: { minimum: 0, exclusiveMinimum: true, maximum, example },
});
const choice = (...choices: readonly string[]): OptionValue => ({ kind: 'choice', choices });
const text = (example: string): OptionValue => ({ kind: 'text', example });
const syntaxOf = (value: OptionValue): string =>
  value.kind === 'integer'
    ? 'N'
    : value.kind === 'decimal'
      ? 'F'
      : value.kind === 'choice'
        ? value.choices.join('|')
        : '';

type Group = OptionDefinition['group'];

function option(
  group: Group,
  name: string,
  value: OptionValue,
  help: string,
  sets?: string,
  syntax = syntaxOf(value),
): OptionDefinition {
  const key = sets?.split('.')[1] as keyof Recipe | undefined;
  const runtimes = (key && optionRuntimes[key]) ?? runtimeNames;
  return { name, group, value, syntax, help, ...(sets ? { sets } : {}), runtimes };
}

const model = (name: string, value: OptionValue, key: string, help: string, syntax?: string) =>
  option('model', name, value, help, `model.${key}`, syntax);
const recipe = (name: string, value: OptionValue, key: keyof Recipe, help: string, syntax?: string) =>
  option('recipe', name, value, help, `recipe.${key}`, syntax);

export const sharedOptions: readonly OptionDefinition[] = [
  model(
    'hidden-dim',
    integer(1, maximumHiddenDim, '512'),
    'hiddenDim',
    'Width of every latent row. Activations grow linearly with it, parameters quadratically.',
  ),
  model(
    'layers',
    integer(1, maximumLayers, '16'),
    'layers',
    'Message-passing layers of the processor, weights not shared. Parameters and processor activations grow linearly.',
  ),
  model(
    'mesh-level',
    integer(0, maximumMeshLevel, '6'),
    'meshLevel',
    'Refinements of the icosahedron (graph-weather: H3 resolution). +1 quadruples mesh nodes and edges.',
    '0..8',
  ),
  model(
    'mlp-hidden-layers',
    integer(1, 8, '1'),
    'mlpHiddenLayers',
    'Hidden layers of each MLP. Each one adds two kept arrays per row in PyTorch, and hidden-dim² parameters per MLP.',
  ),
  model(
    'resolution',
    text('1'),
    'grid',
    'Grid spacing in degrees, on the code base’s own grid. Halving it quadruples grid nodes, and encoder and decoder edges.',
    'DEG',
  ),
  model(
    'grid',
    text('181x360'),
    'grid',
    'Grid rows and columns instead of a resolution; an odd number of latitudes has both poles.',
    'LATxLON',
  ),
  model(
    'grid-kind',
    choice(...gridKinds),
    'grid.kind',
    'Whether the rows include both poles, lie half a cell off, or are a poles grid without its last row.',
  ),
  model(
    'levels',
    choice('13', '37'),
    'pressureLevels',
    'Pressure levels. Sets input and output channels by DeepMind’s formula: 12 input and 6 output channels per level.',
  ),
  model(
    'input-channels',
    integer(1, maximumCount, '474'),
    'inputChannels',
    'Width of one grid row as the network reads it (DeepMind: with 3 structural features).',
  ),
  model(
    'output-channels',
    integer(1, maximumCount, '227'),
    'outputChannels',
    'Width of one predicted grid row. Predictions, targets and the loss grow with it.',
  ),
  model(
    'radius-fraction',
    fraction(100, '0.6'),
    'radiusFraction',
    'grid2mesh radius ÷ longest edge of the finest mesh. Encoder edges grow with its square.',
  ),
  model(
    'processor',
    choice('interaction', 'attention', 'gated', 'gated-edges'),
    'processor',
    'Processor layer: interaction network, graph transformer, or residual gated graph convolution without or with edge features; only the first keeps edge state.',
  ),
  model(
    'heads',
    integer(1, maximumCount, '16'),
    'heads',
    'Attention heads; must divide hidden-dim. A few bytes per edge and head.',
  ),
  model(
    'mlp-ratio',
    integer(1, 64, '4'),
    'mlpRatio',
    'Width of the attention layer’s MLP ÷ hidden-dim. Two kept arrays of that width per mesh node.',
  ),
  model(
    'attention-backend',
    choice('pyg', 'triton'),
    'attentionBackend',
    'anemoi’s attention kernels. triton keeps one array per edge, pyg three.',
  ),

  option(
    'model',
    'import',
    text('conf/config.yaml'),
    'Instead of MODEL: a configuration of DeepMind’s GraphCast (JSON, or a checkpoint .npz), PhysicsNeMo, anemoi or neural-lam.',
    undefined,
    'FILE',
  ),

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
    choice('fp32', 'bf16', 'fp16', 'bf16-full'),
    'precision',
    'bf16 and fp16 are mixed: parameters, gradients and optimizer state stay fp32. bf16-full holds everything in bf16.',
  ),
  recipe(
    'mode',
    choice('train', 'inference'),
    'mode',
    'Inference keeps nothing for a backward pass and has no optimizer.',
  ),
  recipe(
    'batch',
    integer(1, maximumCount, '1'),
    'batchSize',
    'Samples per GPU and micro-step. Activations grow linearly.',
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
    'Autoregressive steps through which the gradient flows. Activations grow linearly unless each step is recomputed.',
  ),
  recipe(
    'optimizer',
    choice('adamw', 'adamw-fused', 'adamw-8bit', 'adam', 'adafactor', 'sgd', 'momentum', 'none'),
    'optimizer',
    'adamw and adam hold two arrays per parameter, adamw-8bit two of a byte per element, adafactor a row and a column, momentum one, sgd none. adamw in PyTorch is its foreach implementation.',
  ),
  recipe(
    'checkpoint',
    text('encoder+processor:every=2'),
    'checkpoint',
    'What is recomputed in the backward pass instead of kept: none, or parts joined by +, e.g. encoder+processor:every=2.',
    'PLAN',
  ),
  recipe(
    'offload',
    choice('none', 'optimizer', 'boundary', 'optimizer+boundary'),
    'offload',
    'What waits in the host’s memory: the optimizer’s state, the inputs of recomputed segments (boundary), or both.',
  ),
  recipe(
    'concat-trick',
    choice('off', 'eager', 'fused'),
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
    choice('native', 'expandable'),
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
    choice('auto', 'cublas', 'triton'),
    'xlaGemm',
    'Who multiplies matrices in XLA:GPU. auto gives cublas’s number and a range that covers triton.',
  ),
  recipe(
    'tape',
    choice('plain', 'fused', 'lean'),
    'tape',
    'What the TensorFlow.js tape keeps: plain operations, fused matMul, or custom gradients that keep less.',
  ),

  option(
    'device',
    'gpu',
    text('a100-40gb'),
    'The card, e.g. a100-40gb; gc-plan profiles lists them.',
    'device',
    'NAME',
  ),
  option(
    'device',
    'vram',
    text('24GB'),
    'Instead of a card: its memory. GB and GiB both mean GiB, the size on the box.',
    'device',
    'SIZE',
  ),
  option(
    'device',
    'reserve',
    text('1GB'),
    'Memory that other processes hold on the card, e.g. a desktop.',
    'reserveBytes',
    'SIZE',
  ),
  recipe('gpus', integer(1, maximumCount, '4'), 'gpus', 'How many cards share the work.'),
  recipe(
    'parallel',
    choice('none', 'data', 'zero1', 'zero2', 'zero3', 'pipeline', 'graph', 'tensor'),
    'parallel',
    'How the cards share it. data keeps a full copy on each; zero1, 2, 3 shard optimizer state, gradients, parameters.',
  ),
  recipe(
    'pipeline-schedule',
    choice('1f1b', 'gpipe'),
    'pipelineSchedule',
    'Micro-batches of --parallel pipeline: one forward and one backward pass in turn, or all forward passes first.',
  ),
  option(
    'device',
    'allow-tight',
    { kind: 'switch', negatable: false },
    'Count tight as fitting: exit 0 where only the low end of the range goes in.',
    'allowTight',
  ),

  option(
    'report',
    'json',
    { kind: 'switch', negatable: false },
    'One JSON document on stdout and nothing else. Wins over --format.',
  ),
  option(
    'report',
    'output',
    text('report.json'),
    'Write the report to this file instead of stdout.',
    undefined,
    'FILE',
  ),
  option('report', 'format', choice('table', 'json', 'html', 'github'), 'How the report is rendered.'),
];
