/** What a profile file may hold. Loads zod: only for a user's own file and for the test that proves the shipped ones. */
import { z } from 'zod';
import * as choices from '../config/choices.js';
import { maximumCount, maximumHiddenDim, maximumLayers, maximumMeshLevel } from '../config/limits.js';
import { gridKinds, layoutNames } from '../models/index.js';

const whole = (minimum: number, maximum: number) => z.int().min(minimum).max(maximum);
const sentence = z.string().min(1).max(2_000);
const name = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, 'a name: lower case letters, digits and dashes');
const sources = z.array(sentence).min(1).max(50);

const grid = z.strictObject({
  latitudes: whole(2, 100_000),
  longitudes: whole(3, 100_000),
  kind: z.enum(gridKinds()),
});

/** Which keys there are is the code base's to say. */
const ownValues = z.record(z.string().max(64), z.union([z.string().max(200), z.number(), z.boolean()]));

const model = z.strictObject({
  layout: z.enum(layoutNames()),
  hiddenDim: whole(1, maximumHiddenDim),
  layers: whole(1, maximumLayers),
  meshLevel: whole(0, maximumMeshLevel),
  mlpHiddenLayers: whole(1, 8),
  grid,
  pressureLevels: whole(1, 200).optional(),
  inputChannels: whole(1, maximumCount),
  outputChannels: whole(1, maximumCount),
  radiusFraction: z.number().positive().max(100),
  processor: z.enum(choices.processorKinds),
  heads: whole(1, maximumCount),
  mlpRatio: whole(1, 64),
  attentionBackend: z.enum(choices.attentionBackends),
  own: ownValues.optional(),
});

const recipe = z.strictObject({
  precision: z.enum(choices.precisions).optional(),
  mode: z.enum(choices.modes).optional(),
  batchSize: whole(1, maximumCount).optional(),
  accumulate: whole(1, maximumCount).optional(),
  rolloutSteps: whole(1, 1_000).optional(),
  optimizer: z.enum(choices.optimizers).optional(),
  checkpoint: z.string().min(1).max(200).optional(),
  offload: z.enum(choices.offloads).optional(),
  concatTrick: z.enum(choices.concatTricks).optional(),
  recomputeActivation: z.boolean().optional(),
  allocator: z.enum(choices.allocators).optional(),
  memFraction: z.number().positive().max(1).optional(),
  xlaGemm: z.enum(choices.xlaGemms).optional(),
  tape: z.enum(choices.tapes).optional(),
  gpus: whole(1, maximumCount).optional(),
  parallel: z.enum(choices.parallelisms).optional(),
  pipelineSchedule: z.enum(choices.pipelineSchedules).optional(),
});

const gridAtOneDegree = z.enum(['181x360', '180x360']);
const runtime = z.enum(choices.runtimeNames);

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
  contextBytes: z.strictObject(choices.perRuntime(() => byteCount)),
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
