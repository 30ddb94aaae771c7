import { z } from 'zod';
import * as common from './common.js';
import type { DeepReadonly } from './readonly.js';

const { count, bytes } = common;

export const estimateSchema = z
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
    peak: z.strictObject({
      phase: common.phase,
      operation: z.string(),
      index: count.describe('Position of the operation’s event in the trace.'),
    }),
    verdict: common.verdict,
    cost: common.cost,
    accuracy: common.accuracy,
    assumptions: z.array(z.string()),
  })
  .describe('GPU memory of one configuration.');

export type Estimate = DeepReadonly<z.infer<typeof estimateSchema>>;
