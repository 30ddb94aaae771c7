/** What a profile file may hold. Loads zod: only for a user's own file and for the test that proves the shipped ones. */
import { z } from 'zod';
import * as choices from '../config/choices.js';
import { modelOptions } from '../config/model-options.js';
import { keysOfFile, optionalKeysOfFile } from '../config/option-schemas.js';
import { recipeOptions } from '../config/recipe-options.js';
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
  ...keysOfFile(modelOptions),
  grid,
  mesh: grid.optional(),
  pressureLevels: whole(1, 200).optional(),
  own: ownValues.optional(),
});

const recipe = z.strictObject(optionalKeysOfFile(recipeOptions));

const gridAtOneDegree = z.enum(['181x360', '180x360']);
const runtime = z.enum(choices.runtimeNames);

export const modelProfileSchema = z.strictObject({
  name,
  aliases: z.array(name).min(1).max(10).optional(),
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

export const priceListSchema = z.strictObject({
  name,
  description: sentence,
  currency: z.string().length(3),
  prices: z.array(z.strictObject({ gpu: name, perHour: positive, provider: sentence, read: z.iso.date() })).min(1),
  sources,
});

/** Lists and ranges by option, as sweep's flags take them. */
export const spaceProfileSchema = z.strictObject({
  name,
  description: sentence,
  options: z.record(z.string(), sentence),
  sources,
});
