import { z } from 'zod';
import * as common from './common.js';
import type { DeepReadonly } from './readonly.js';

const { count, bytes } = common;

const priced = { memory: common.memory, verdict: common.verdict, cost: common.cost };

const stage = z.strictObject({
  hiddenDim: count,
  layers: count,
  parameters: count.describe('Number of parameters.'),
  precision: common.precision,
  batchSize: count,
  accumulate: count,
  checkpoint: z.array(z.string()).describe('Parts as --checkpoint takes them; empty: none.'),
  ...priced,
  command: z.string().describe('The estimate command line that reproduces this stage.'),
});

export const sweepSchema = z
  .strictObject({
    schema: z.literal('gc-plan/sweep@1'),
    tool: common.tool,
    space: z
      .record(z.string(), z.array(z.union([z.string(), z.number(), z.boolean()])))
      .describe('The values tried for each flag, without dashes.'),
    device: common.device.nullable(),
    candidates: z.strictObject({ total: count, fits: count, tight: count, exceeds: count }),
    pareto: z.array(z.strictObject({ config: common.config, ...priced })),
    plan: z.strictObject({
      from: z.strictObject({ hiddenDim: count, layers: count }),
      to: z.strictObject({ hiddenDim: count, layers: count }),
      stages: z.array(stage),
      firstStageThatNeedsMore: z
        .strictObject({
          hiddenDim: count,
          layers: count,
          shortfallBytes: bytes,
          smallestDevice: z.string().exactOptional().describe('The smallest known card on which it fits.'),
        })
        .exactOptional(),
    }),
    accuracy: common.accuracy,
    assumptions: z.array(z.string()),
  })
  .describe('Which configurations fit, which are worth it, and the steps from a small to a large one.');

export type Sweep = DeepReadonly<z.infer<typeof sweepSchema>>;
