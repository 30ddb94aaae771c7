/**
 * What each runtime can be asked for. A typed option outside this table is an input error; a profile's is dropped and said to be.
 * Sources: google-deepmind/graphcast casting.py (bf16 or f32 only) and autoregressive.py; torch.autocast, torch.amp.GradScaler, fused and
 * foreach optimizers of torch.optim; TensorFlow.js has no 16-bit kernels and one device.
 */

import type { CheckpointPlan, Optimizer, Parallelism, Precision, Recipe, RuntimeName } from './types.js';

export const runtimeLabels: Readonly<Record<RuntimeName, string>> = {
  jax: 'JAX',
  pytorch: 'PyTorch',
  tfjs: 'TensorFlow.js',
};

/** Options that only some runtimes have at all. */
export const optionRuntimes: Readonly<Partial<Record<keyof Recipe | 'attentionBackend', readonly RuntimeName[]>>> = {
  offload: ['pytorch', 'tfjs'],
  concatTrick: ['pytorch'],
  recomputeActivation: ['pytorch'],
  allocator: ['pytorch'],
  pipelineSchedule: ['pytorch'],
  memFraction: ['jax'],
  xlaGemm: ['jax'],
  tape: ['tfjs'],
  attentionBackend: ['pytorch'],
};

type ByRuntime<Value> = Readonly<Record<RuntimeName, readonly Value[]>>;

/** Values of the options that all runtimes have. The first is what a profile's value becomes where a runtime lacks it. */
export const valuesByRuntime: {
  readonly precision: ByRuntime<Precision>;
  readonly optimizer: ByRuntime<Optimizer>;
  readonly parallel: ByRuntime<Parallelism>;
} = {
  precision: { jax: ['bf16', 'fp32'], pytorch: ['fp32', 'bf16', 'fp16', 'bf16-full'], tfjs: ['fp32'] },
  optimizer: {
    jax: ['adamw', 'adam', 'sgd', 'momentum', 'none'],
    pytorch: ['adamw', 'adamw-fused', 'adam', 'adamw-8bit', 'adafactor', 'momentum', 'sgd', 'none'],
    tfjs: ['adamw', 'adam', 'sgd', 'momentum', 'none'],
  },
  parallel: {
    jax: ['none', 'data'],
    pytorch: ['none', 'data', 'zero1', 'zero2', 'zero3', 'pipeline', 'graph', 'tensor'],
    tfjs: ['none'],
  },
};

export type CheckpointPart =
  | 'encoder'
  | 'decoder'
  | 'model'
  | 'rollout'
  | 'processor:every'
  | 'processor:segments'
  | 'edges:blocks'
  | 'edges:blocks:loop';

export const checkpointPartsByRuntime: ByRuntime<CheckpointPart> = {
  jax: ['encoder', 'decoder', 'model', 'rollout', 'processor:every', 'edges:blocks', 'edges:blocks:loop'],
  pytorch: ['encoder', 'decoder', 'model', 'rollout', 'processor:every', 'processor:segments', 'edges:blocks'],
  tfjs: ['encoder', 'decoder', 'model', 'rollout', 'processor:every', 'processor:segments', 'edges:blocks'],
};

const partPresent: Readonly<Record<CheckpointPart, (plan: CheckpointPlan) => boolean>> = {
  encoder: (plan) => plan.encoder,
  decoder: (plan) => plan.decoder,
  model: (plan) => plan.model,
  rollout: (plan) => plan.rollout,
  'processor:every': (plan) => plan.processor.kind === 'every',
  'processor:segments': (plan) => plan.processor.kind === 'segments',
  'edges:blocks': (plan) => plan.edges.kind === 'scan',
  'edges:blocks:loop': (plan) => plan.edges.kind === 'loop',
};

export const partsOf = (plan: CheckpointPlan): readonly CheckpointPart[] =>
  (Object.keys(partPresent) as CheckpointPart[]).filter((part) => partPresent[part](plan));

export function withoutPart(plan: CheckpointPlan, part: CheckpointPart): CheckpointPlan {
  switch (part) {
    case 'processor:every':
    case 'processor:segments':
      return { ...plan, processor: { kind: 'none' } };
    case 'edges:blocks':
    case 'edges:blocks:loop':
      return { ...plan, edges: { kind: 'none' } };
    default:
      return { ...plan, [part]: false };
  }
}
