import { z } from 'zod';
import type { DeepReadonly } from '../readonly.js';
import * as common from '../schema.js';

const { bytes, codeLine } = common;

const numerics = z
  .enum(['same', 'rounding', 'different'])
  .describe(
    'same: up to the order of additions. rounding: the same algorithm. different: another algorithm, or no training.',
  );

const priced = {
  change: z.string().describe('The flags to add.'),
  peakLiveBytes: bytes,
  deviceBytes: bytes,
  savedBytes: z.int().describe('deviceBytes before − after; negative where it needs more.'),
  relativeCost: z
    .number()
    .nonnegative()
    .describe(
      'FLOPs of a sample on all cards together (inference: of a sample and a step of its forecast), recomputed ones too, after ÷ before.',
    ),
  numerics,
  verdict: common.verdict,
  command: z.string().describe('The estimate command line that reproduces these numbers.'),
};

const single = z.strictObject({
  strategy: z.string(),
  describe: z.string(),
  cost: z.string().describe('What it costs besides memory.'),
  ...priced,
  code: z.array(codeLine).describe('How it is written in the user’s own code base.'),
});

const combination = z.strictObject({
  ...priced,
  config: common.config,
  memory: common.memory,
  parts: z.array(z.strictObject({ strategy: z.string(), cost: z.string(), code: z.array(codeLine) })),
});

export const adviseSchema = z
  .strictObject({
    schema: z.literal('gc-plan/advise@1'),
    tool: common.tool,
    config: common.config,
    memory: common.memory.describe('Of the configuration as it is.'),
    verdict: common.verdict.describe('Of the configuration as it is.'),
    onCard: common.onCard,
    changes: z
      .array(single)
      .describe(
        'One strategy at a time, those that fit first, then by what they save; without those that save nothing.',
      ),
    cheapest: combination
      .exactOptional()
      .describe(
        'The cheapest combination that fits; absent where the configuration fits as it is, or where nothing fits.',
      ),
    severalGpus: combination
      .exactOptional()
      .describe('Where nothing fits on one card: the fewest on which a usual combination does; the worst rank.'),
    smallestDevice: z.string().exactOptional().describe('The smallest known card on which it fits as it is.'),
    accuracy: common.accuracy,
    assumptions: z.array(z.string()),
  })
  .describe('The changes that make a configuration fit on a card.');

export type Advice = DeepReadonly<z.infer<typeof adviseSchema>>;
