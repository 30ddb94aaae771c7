import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

const side = z.strictObject({
  config: z.union([common.config, common.recordedConfig]),
  parameters: common.count,
  memory: common.memory,
  verdict: common.verdict,
  cost: common.cost.exactOptional().describe('Absent of a recorded step.'),
  accuracy: common.accuracy,
  assumptions: z.array(z.string()),
  command: z.string().describe('The estimate command line that reproduces these numbers.'),
});

const part = z.strictObject({ name: z.string(), beforeBytes: common.bytes, afterBytes: common.bytes });

export const comparisonSchema = z
  .strictObject({
    schema: z.literal('gc-plan/compare@1'),
    tool: common.tool,
    before: side,
    after: side,
    addedBytes: z.int().describe('On the card, context and libraries included; negative: the second needs less.'),
    categories: z.array(part).describe('Live bytes at the peak; each column sums to its peakLiveBytes.'),
    modules: z.array(part).describe('Likewise.'),
    causes: z
      .array(
        z.strictObject({
          change: z.string(),
          deviceBytes: common.bytes.describe('With this change and all before it.'),
          addedBytes: z.int(),
        }),
      )
      .describe('From the first to the second, one change after the other in this order; they sum to addedBytes.'),
  })
  .describe('What differs between two configurations, and because of what.');

export type Comparison = DeepReadonly<z.infer<typeof comparisonSchema>>;
