import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

const { count, bytes } = common;

const rank = z.strictObject({
  firstRank: count,
  lastRank: count,
  gridNodes: count,
  meshNodes: count,
  haloNodes: count.describe('Rows of other ranks, in one exchange of encoder, layer and decoder each.'),
  parameterBytes: bytes,
  gradientBytes: bytes,
  optimizerBytes: bytes,
  activationBytes: bytes,
  temporaryBytes: bytes,
  inputBytes: bytes,
  peakLiveBytes: bytes,
  receivedBytes: bytes.describe('Over the links, per optimizer step.'),
});

const peak = z.strictObject({
  phase: common.phase,
  operation: z.string(),
  index: count.describe('Position of the operation’s event in the trace.'),
});

const pricedSchema = z
  .strictObject({
    schema: z.literal('gc-plan/estimate@1'),
    tool: common.tool,
    config: common.config,
    counts: z.strictObject({
      gridNodes: count,
      meshNodes: count,
      meshEdges: count,
      grid2meshEdges: count,
      mesh2gridEdges: count,
    }),
    parameters: z.strictObject({
      count,
      bytes,
      byModule: z.array(z.strictObject({ module: z.string(), count, bytes })),
    }),
    memory: common.memory,
    peak,
    verdict: common.verdict,
    onCard: common.onCard,
    cost: common.cost,
    accuracy: common.accuracy,
    ranks: z
      .array(rank)
      .exactOptional()
      .describe(
        'Several GPUs: alike ranks together; where shares differ, the first and the last. memory is the worst rank’s.',
      ),
    assumptions: z.array(z.string()),
  })
  .describe('Of a model.');

const recordedSchema = z
  .strictObject({
    schema: z.literal('gc-plan/estimate@1'),
    tool: common.tool,
    config: common.recordedConfig,
    parameters: z.strictObject({ count, bytes }),
    memory: common.memory,
    peak,
    verdict: common.verdict,
    onCard: common.onCard,
    accuracy: common.accuracy,
    assumptions: z.array(z.string()),
  })
  .describe('GPU memory of a step that was captured (--trace).');

export const estimateSchema = z.union([pricedSchema, recordedSchema]).describe('GPU memory of one configuration.');

export type Estimate = DeepReadonly<z.infer<typeof pricedSchema>>;
export type RecordedEstimate = DeepReadonly<z.infer<typeof recordedSchema>>;
export type AnyEstimate = Estimate | RecordedEstimate;
