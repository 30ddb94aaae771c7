import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
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

const recomputable = z.strictObject({
  module: z.string().describe('Path; * for numbers: modules that a loop made, each recomputed by itself.'),
  numCalls: common.count.describe('In one step.'),
  droppedBytes: bytes.describe('Of arrays that go after the forward pass and are made again.'),
  repeatedFlops: z.number().nonnegative().describe('Of products, convolutions and attention, in one step.'),
  peakLiveBytes: bytes,
  deviceBytes: bytes.describe('By a replay of both steps with these arrays dropped and made again.'),
  savedBytes: z.int(),
  verdict: common.verdict,
  confirm: z.string().describe('The capture that says whether it is so.'),
});

const spike = z.strictObject({
  bytes,
  sharePercent: z.number(),
  phase: common.phase,
  module: z.string(),
  arrays: z.array(z.strictObject({ operation: z.string(), shape: z.array(common.count), dtype: z.string(), bytes })),
});

const recordedAdviceSchema = z
  .strictObject({
    schema: z.literal('gc-plan/advise@1'),
    tool: common.tool,
    config: common.recordedConfig,
    memory: common.memory.describe('Of the step as it is.'),
    verdict: common.verdict.describe('Of the step as it is.'),
    recompute: z
      .array(recomputable)
      .describe('Modules whose kept arrays are worth recomputing, by bytes saved per FLOP repeated.'),
    optimizer: z.strictObject({ bytes, sharePercent: z.number(), bytesPerParameter: z.number() }),
    spike: spike.describe('What is in use only while the operations at the peak run.'),
    allocator: z
      .strictObject({
        change: z.string(),
        deviceBytes: bytes,
        savedBytes: z.int(),
        verdict: common.verdict,
        command: z.string(),
        line: z.string(),
      })
      .exactOptional()
      .describe('Another setting of how the framework takes memory: PyTorch’s allocator, JAX’s share of the card.'),
    smallestDevice: z.string().exactOptional().describe('The smallest known card on which it fits as it is.'),
    accuracy: common.accuracy,
    assumptions: z.array(z.string()),
  })
  .describe('Of a step that was captured (--trace): what follows from it alone.');

const pricedAdviceSchema = z
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
  .describe('Of a model.');

export const adviseSchema = z
  .union([pricedAdviceSchema, recordedAdviceSchema])
  .describe('The changes that make a configuration fit on a card.');

export type Advice = DeepReadonly<z.infer<typeof pricedAdviceSchema>>;
export type RecordedAdvice = DeepReadonly<z.infer<typeof recordedAdviceSchema>>;
export type AnyAdvice = Advice | RecordedAdvice;
