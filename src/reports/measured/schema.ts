import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

const { bytes } = common;

/** Where a number may come from: a framework's own statistics, or the driver's. */
export const measuredSources = ['pytorch', 'jax', 'nvidia-smi'] as const;

export const measuredSchema = z
  .strictObject({
    schema: z.literal('gc-plan/measured@1'),
    tool: common.tool,
    records: z.array(
      z.strictObject({
        config: common.config,
        source: z.enum(measuredSources),
        version: z.string().exactOptional(),
        device: z.string().exactOptional(),
        comparisons: z.array(
          z.strictObject({
            quantity: z.enum(['peakLiveBytes', 'peakAllocatedBytes', 'peakReservedBytes', 'deviceBytes']),
            measuredAs: z.string().describe('The framework’s name for it.'),
            predictedBytes: bytes,
            measuredBytes: bytes,
            errorPercent: z.number().describe('(predicted − measured) ÷ measured.'),
          }),
        ),
        verdict: z.strictObject({ kind: z.enum(['within', 'outside']) }),
        assumptions: z.array(z.string()),
      }),
    ),
    verdict: z.strictObject({ kind: z.enum(['within', 'outside']) }),
  })
  .describe('Estimates compared with numbers that were measured elsewhere.');

export type Measured = DeepReadonly<z.infer<typeof measuredSchema>>;
