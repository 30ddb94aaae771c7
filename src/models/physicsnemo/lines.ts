/** Keys of examples/weather/graphcast/conf/config.yaml (NVIDIA/physicsnemo 94b3551), and lines for what it has no key for. */
import type { CheckpointPlan, Config, Precision } from '../../config/types.js';
import type { CodeLine, Lines } from '../code-base.js';

const inConfiguration = (text: string): readonly CodeLine[] => [{ where: 'PhysicsNeMo, conf/config.yaml', text }];

/** Its amp_dtype accepts no bfloat16 although the file names it. */
const precisions: Readonly<Record<Precision, readonly CodeLine[]>> = {
  fp32: inConfiguration('amp: false\nfull_bf16: false'),
  bf16: [
    {
      where: 'PhysicsNeMo, train_graphcast.py, around the forward pass',
      text: 'with torch.autocast("cuda", dtype=torch.bfloat16):',
    },
  ],
  fp16: inConfiguration('amp: true\namp_dtype: float16\nfull_bf16: false'),
  'bf16-full': inConfiguration('amp: false\nfull_bf16: true'),
};

/** `[(0, 6), (6, 12), …]` over the list of edge and node blocks. */
function segmentList(numBlocks: number, perSegment: number): string {
  const starts = Array.from({ length: Math.ceil(numBlocks / perSegment) }, (_, index) => index * perSegment);
  return `[${starts.map((start) => `(${start}, ${Math.min(numBlocks, start + perSegment)})`).join(', ')}]`;
}

function processorLines(processor: CheckpointPlan['processor'], layers: number): readonly CodeLine[] {
  const inner = 2 * (layers - 2);
  if (processor.kind === 'none') return inConfiguration('checkpoint_processor: false');
  const segments = processor.kind === 'segments' ? processor.segments : inner / (2 * processor.layers);
  if (Number.isInteger(segments)) return inConfiguration(`checkpoint_processor: true\nsegments: ${segments}`);
  const list = segmentList(inner, processor.kind === 'every' ? 2 * processor.layers : inner);
  return [
    {
      where: 'PhysicsNeMo, after the model is built (its YAML takes divisors only)',
      text: `model.set_checkpoint_processor(1)\nmodel.processor.checkpoint_segments = ${list}`,
    },
  ];
}

const key =
  (text: (recipe: Config['recipe']) => string) =>
  ({ recipe }: Config) =>
    inConfiguration(text(recipe));

export const configurationLines: Lines = {
  'checkpoint-encoder': key(({ checkpoint }) => `checkpoint_encoder: ${checkpoint.encoder}`),
  'checkpoint-decoder': key(({ checkpoint }) => `checkpoint_decoder: ${checkpoint.decoder}`),
  'checkpoint-model': key(({ checkpoint }) => `force_single_checkpoint: ${checkpoint.model}`),
  'checkpoint-processor': ({ model, recipe }) => processorLines(recipe.checkpoint.processor, model.layers),
  'concat-trick': key(({ concatTrick }) => `concat_trick: ${concatTrick !== 'off'}`),
  'recompute-activation': key(({ recomputeActivation }) => `recompute_activation: ${recomputeActivation}`),
  precision: ({ recipe }) => precisions[recipe.precision],
};
