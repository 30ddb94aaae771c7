/** What to paste into PyTorch code where the code base has no place of its own for it, by the id of a strategy of `advise`. */
import type { Optimizer, Precision } from '../../config/types.js';
import type { CodeLine, Lines } from '../../models/code-base.js';
import { codeBaseOf } from '../../models/index.js';

const inPyTorch = (text: string): readonly CodeLine[] => [{ where: 'PyTorch', text }];

const optimizers: Readonly<Record<Exclude<Optimizer, 'none'>, string>> = {
  adamw: 'torch.optim.AdamW(model.parameters(), lr)',
  'adamw-fused': 'torch.optim.AdamW(model.parameters(), lr, fused=True)',
  'adamw-8bit': 'bitsandbytes.optim.AdamW8bit(model.parameters(), lr)',
  adam: 'torch.optim.Adam(model.parameters(), lr)',
  adafactor: 'torch.optim.Adafactor(model.parameters(), lr)',
  sgd: 'torch.optim.SGD(model.parameters(), lr)',
  momentum: 'torch.optim.SGD(model.parameters(), lr, momentum=0.9)',
};

/** The class, and what it is given beside the parameters. */
const offloaded: Readonly<Partial<Record<Optimizer, readonly [name: string, more: string]>>> = {
  adamw: ['torch.optim.AdamW', ''],
  'adamw-fused': ['torch.optim.AdamW', ''],
  'adamw-8bit': ['bitsandbytes.optim.AdamW8bit', ''],
  adam: ['torch.optim.Adam', ''],
  adafactor: ['torch.optim.Adafactor', ''],
  momentum: ['torch.optim.SGD', ', momentum=0.9'],
};

const amp = (dtype: string): string => `with torch.autocast("cuda", dtype=torch.${dtype}):`;
const precisions: Readonly<Record<Precision, string>> = {
  fp32: 'torch.autocast("cuda", enabled=False)',
  bf16: amp('bfloat16'),
  fp16: `scaler = torch.amp.GradScaler()\n${amp('float16')}`,
  'bf16-full': 'model.to(torch.bfloat16)',
};

const checkpointed = (call: string): readonly CodeLine[] =>
  inPyTorch(`torch.utils.checkpoint.checkpoint(${call}, use_reentrant=False)`);

const optimizer: Lines[string] = ({ recipe }) =>
  recipe.optimizer === 'none' ? [] : inPyTorch(optimizers[recipe.optimizer]);

const deepspeed = (stage: 1 | 2 | 3): readonly CodeLine[] => [
  { where: 'DeepSpeed, JSON (with PyTorch itself: FSDP)', text: `"zero_optimization": {"stage": ${stage}}` },
];

const severalGpus: Lines[string] = ({ model, recipe }) => {
  const { parallel, gpus, accumulate, pipelineSchedule } = recipe;
  switch (parallel) {
    case 'none':
      return [];
    case 'data':
      return inPyTorch('model = torch.nn.parallel.DistributedDataParallel(model)');
    case 'zero1':
      return deepspeed(1);
    case 'zero2':
      return deepspeed(2);
    case 'zero3':
      return deepspeed(3);
    case 'graph':
      return [
        {
          where: 'PhysicsNeMo (up to v1.2), the model',
          text: `GraphCastNet(..., partition_size=${gpus}, partition_group_name="graph_partition")`,
        },
      ];
    case 'model':
      return codeBaseOf(model.layout).modelParallel?.lines(recipe) ?? [];
    case 'tensor':
      return [
        {
          where: `PyTorch, every MLP (${model.hiddenDim / gpus} columns a card)`,
          text: 'parallelize_module(mlp, mesh, {"0": ColwiseParallel(), "2": RowwiseParallel()})',
        },
      ];
    case 'pipeline':
      return [
        {
          where: 'PyTorch, torch.distributed.pipelining',
          text: `schedule = ${pipelineSchedule === 'gpipe' ? 'ScheduleGPipe' : 'Schedule1F1B'}(stage, n_microbatches=${accumulate}, loss_fn=loss)`,
        },
      ];
  }
};

export const pytorchLines: Lines = {
  'checkpoint-encoder': ({ recipe }) => (recipe.checkpoint.encoder ? checkpointed('encoder, *inputs') : []),
  'checkpoint-decoder': ({ recipe }) => (recipe.checkpoint.decoder ? checkpointed('decoder, *inputs') : []),
  'checkpoint-model': ({ recipe }) => (recipe.checkpoint.model ? checkpointed('model, inputs') : []),
  'checkpoint-processor': ({ recipe: { checkpoint } }) => {
    if (checkpoint.processor.kind !== 'every') return [];
    const { layers } = checkpoint.processor;
    return inPyTorch(
      `for start in range(0, num_layers, ${layers}):\n    edges, nodes = torch.utils.checkpoint.checkpoint(run_layers, start, start + ${layers}, edges, nodes, use_reentrant=False)`,
    );
  },
  'checkpoint-rollout': ({ recipe }) =>
    recipe.checkpoint.rollout
      ? [
          {
            where: 'PyTorch, in the rollout loop',
            text: 'state = torch.utils.checkpoint.checkpoint(model, state, use_reentrant=False)',
          },
        ]
      : [],
  'concat-trick': ({ recipe }) =>
    recipe.concatTrick === 'off'
      ? []
      : [
          {
            where: 'PyTorch, the edge MLPs',
            text: 'hidden = W_e(edges) + W_s(nodes)[senders] + W_r(nodes)[receivers]  # W = [W_e W_s W_r] of the first Linear',
          },
        ],
  precision: ({ recipe }) => inPyTorch(precisions[recipe.precision]),
  'micro-batch': ({ recipe: { batchSize, accumulate } }) => [
    ...inPyTorch(`if (step + 1) % ${accumulate} == 0:\n    optimizer.step()\n    optimizer.zero_grad()`),
    {
      where: 'DeepSpeed, JSON',
      text: `"train_micro_batch_size_per_gpu": ${batchSize}, "gradient_accumulation_steps": ${accumulate}`,
    },
  ],
  optimizer,
  'optimizer-kernel': optimizer,
  allocator: ({ recipe }) => [
    {
      where: 'environment',
      text: `PYTORCH_CUDA_ALLOC_CONF=expandable_segments:${recipe.allocator === 'expandable' ? 'True' : 'False'}`,
    },
  ],
  'offload-optimizer': ({ recipe }) => {
    const made = offloaded[recipe.optimizer];
    if (made === undefined) return [];
    const [name, more] = made;
    return inPyTorch(`torchao.optim.CPUOffloadOptimizer(model.parameters(), ${name}, lr=lr${more})`);
  },
  'offload-boundary': () => [
    {
      where: 'PyTorch, around each outermost checkpoint call',
      text: 'with torch.autograd.graph.save_on_cpu(pin_memory=True):',
    },
  ],
  inference: () => inPyTorch('with torch.no_grad():'),
  'one-step-per-call': () => [
    {
      where: 'PyTorch, around one step',
      text: [
        'with torch.no_grad():',
        '    for step in range(num_steps):',
        '        state = model(state)',
        '        forecast.append(state.cpu())',
      ].join('\n'),
    },
  ],
  'several-gpus': severalGpus,
};
