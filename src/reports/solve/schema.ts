import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

const answer = z.strictObject({
  value: z.number(),
  config: common.config,
  parameters: common.count,
  memory: common.memory,
  verdict: common.verdict,
  cost: common.cost,
  onCard: common.onCard,
  command: z.string().describe('The estimate command line that reproduces these numbers.'),
});

const planned = answer.extend({
  change: z.string().describe('The flags to add.'),
  relativeCost: z.number().nonnegative().describe('FLOPs of a sample, recomputed ones too, ÷ those as typed.'),
});

export const solutionSchema = z
  .strictObject({
    schema: z.literal('gc-plan/solve@1'),
    tool: common.tool,
    for: z.enum(['batch', 'hidden-dim', 'layers', 'rollout', 'resolution', 'mesh-level', 'gpus']),
    device: common.device,
    best: answer
      .exactOptional()
      .describe('The largest value that fits (resolution: the finest, gpus: the fewest); absent: none does.'),
    next: answer
      .exactOptional()
      .describe('The next value, which does not fit; absent: best is the last that can be typed, or that can run.'),
    withPlan: planned
      .exactOptional()
      .describe(
        'For batch: the largest with the cheapest plan of recomputation and share of the card; absent: no larger one.',
      ),
    refused: z
      .strictObject({ value: z.number(), reason: z.string(), source: z.string() })
      .exactOptional()
      .describe('Where next is absent: the first value that the code base itself cannot run, and why.'),
    numValues: common.count.describe('Values that a configuration can have.'),
    numJudged: common.count.describe(
      'Values that were priced in full; of the others the live arrays alone exceed the card, or they are below best.',
    ),
    accuracy: common.accuracy,
    assumptions: z.array(z.string()),
  })
  .describe('The largest value of one option that fits on a card.');

export type Solution = DeepReadonly<z.infer<typeof solutionSchema>>;
