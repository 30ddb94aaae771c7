/** What a profile file may hold. Loads zod: only for a user's own file and for the test that proves the shipped ones. */
import { z } from 'zod';
import { layoutTraits, runtimeNames } from './capabilities.js';
import { maximumCount, maximumHiddenDim, maximumLayers, maximumMeshLevel } from './limits.js';

const whole = (minimum: number, maximum: number) => z.int().min(minimum).max(maximum);
const sentence = z.string().min(1).max(2_000);
const name = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, 'a name: lower case letters, digits and dashes');
const sources = z.array(sentence).min(1).max(50);

const grid = z.strictObject({
  latitudes: whole(2, 100_000),
  longitudes: whole(3, 100_000),
  kind: z.enum(['poles', 'no-poles', 'cut', 'physicsnemo']),
});

const model = z.strictObject({
  layout: z.enum(Object.keys(layoutTraits) as [keyof typeof layoutTraits]),
  hiddenDim: whole(1, maximumHiddenDim),
  layers: whole(1, maximumLayers),
  meshLevel: whole(0, maximumMeshLevel),
  mlpHiddenLayers: whole(1, 8),
  grid,
  pressureLevels: whole(1, 200).optional(),
  inputChannels: whole(1, maximumCount),
  outputChannels: whole(1, maximumCount),
  radiusFraction: z.number().positive().max(100),
  processor: z.enum(['interaction', 'attention', 'gated', 'gated-edges']),
  heads: whole(1, maximumCount),
  mlpRatio: whole(1, 64),
  attentionBackend: z.enum(['pyg', 'triton']),
});

const recipe = z.strictObject({
  precision: z.enum(['fp32', 'bf16', 'fp16', 'bf16-full']).optional(),
  mode: z.enum(['train', 'inference']).optional(),
  batchSize: whole(1, maximumCount).optional(),
  accumulate: whole(1, maximumCount).optional(),
  rolloutSteps: whole(1, 1_000).optional(),
  optimizer: z.enum(['adamw', 'adamw-fused', 'adamw-8bit', 'adam', 'adafactor', 'sgd', 'momentum', 'none']).optional(),
  checkpoint: z.string().min(1).max(200).optional(),
  offload: z.enum(['none', 'optimizer', 'boundary', 'optimizer+boundary']).optional(),
  concatTrick: z.enum(['off', 'eager', 'fused']).optional(),
  recomputeActivation: z.boolean().optional(),
  allocator: z.enum(['native', 'expandable']).optional(),
  memFraction: z.number().positive().max(1).optional(),
  xlaGemm: z.enum(['auto', 'cublas', 'triton']).optional(),
  tape: z.enum(['plain', 'fused', 'lean']).optional(),
  gpus: whole(1, maximumCount).optional(),
  parallel: z.enum(['none', 'data', 'zero1', 'zero2', 'zero3', 'pipeline', 'graph', 'tensor']).optional(),
  pipelineSchedule: z.enum(['1f1b', 'gpipe']).optional(),
});

const gridAtOneDegree = z.enum(['181x360', '180x360']);
const runtime = z.enum(runtimeNames);

export const modelProfileSchema = z.strictObject({
  name,
  description: sentence,
  runtime,
  gridAtOneDegree,
  model,
  recipe,
  sources,
});

export const recipeProfileSchema = z.strictObject({ name, description: sentence, recipe, sources });

/** A user's file: every key may be left to the shipped profile named as its base. */
export const modelFileSchema = z.strictObject({
  base: name,
  name: name.optional(),
  description: sentence.optional(),
  runtime: runtime.optional(),
  gridAtOneDegree: gridAtOneDegree.optional(),
  model: model
    .partial()
    .extend({ resolutionDeg: z.number().positive().max(60).optional() })
    .optional(),
  recipe: recipe.optional(),
  sources: sources.optional(),
});

const positive = z.number().positive();
const byteCount = z.int().positive();

export const deviceProfileSchema = z.strictObject({
  name,
  description: sentence,
  vendor: z.enum(['nvidia', 'amd']),
  nominalBytes: byteCount,
  reportedBytes: byteCount,
  contextBytes: z.strictObject({ jax: byteCount, pytorch: byteCount, tfjs: byteCount }),
  cublasWorkspaceBytes: byteCount,
  bandwidthGBps: positive,
  tflops: z.strictObject({
    fp32: positive,
    tf32: positive.optional(),
    fp16: positive.optional(),
    bf16: positive.optional(),
  }),
  computeCapability: z.int().min(0).max(200),
  sources,
});

/** Lists and ranges by option, as sweep's flags take them. */
export const spaceProfileSchema = z.strictObject({
  name,
  description: sentence,
  options: z.record(z.string(), sentence),
  sources,
});
