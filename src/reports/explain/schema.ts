import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

const { bytes, count } = common;

const category = z.enum(['parameter', 'gradient', 'optimizer', 'input', 'activation', 'temporary']);

const operation = z.strictObject({
  operation: z.string(),
  module: z.string(),
  phase: common.phase,
  recompute: z.boolean().describe('A forward operation that runs again for the backward pass.'),
  liveBytes: bytes.describe('The most that was alive while it ran.'),
  byCategory: z.array(bytes).describe('In the order of `categories`; they sum to liveBytes.'),
  byModule: z.array(bytes).describe('In the order of `modules`; they sum to liveBytes.'),
});

const array = z.strictObject({
  bytes,
  shape: z.string().describe('In symbols, e.g. [meshEdges, 3·hiddenDim].'),
  lengths: z.array(count).describe('The shape in numbers.'),
  dtype: z.string(),
  category,
  module: z.string(),
  why: z.string(),
  madeBy: z.string(),
  madeAt: count.nullable().describe('Position in `operations`; null: before this step.'),
  freedBy: z.string().nullable().describe('The operation after which it is gone; null: it outlives the step.'),
  freedAt: count.nullable(),
});

const group = array.omit({ module: true }).extend({
  bytes: bytes.describe('Of each.'),
  count,
  totalBytes: bytes,
  madeAt: count.nullable().describe('The first one’s.'),
  freedAt: count.nullable().describe('The first one’s.'),
});

export const explanationSchema = z
  .strictObject({
    schema: z.literal('gc-plan/explain@1'),
    tool: common.tool,
    config: z.union([common.config, common.recordedConfig]),
    command: z.string().describe('The command line that reproduces this.'),
    by: z.enum(['category', 'module']).describe('What a picture is stacked by.'),
    categories: z.array(category),
    modules: z.array(z.string()),
    phases: z.array(
      z.strictObject({
        phase: common.phase,
        recompute: z.boolean(),
        firstOperation: count,
        lastOperation: count,
        peakLiveBytes: bytes,
      }),
    ),
    operations: z.array(operation).describe('The last training step, in the order in which it runs.'),
    peak: z.strictObject({
      phase: common.phase,
      operation: z.string(),
      module: z.string(),
      at: count.describe('Position in `operations`.'),
      liveBytes: bytes,
      numArrays: count,
    }),
    largest: z.array(array).describe('Alive at the peak, the largest first.'),
    groups: z
      .array(group)
      .describe('The same arrays, those that are alike but for their layer or step together; most bytes first.'),
    verdict: common.verdict,
    accuracy: common.accuracy,
    assumptions: z.array(z.string()),
  })
  .describe('What is alive through one training step, and why.');

export type Explanation = DeepReadonly<z.infer<typeof explanationSchema>>;
