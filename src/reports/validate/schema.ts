import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

const { bytes, count } = common;

const quality = z
  .enum(['A', 'B', 'C', 'D'])
  .describe('A: allocator or compiler figure; B: measured; C: only fits or does not; D: stated requirement.');
const figures = { medianErrorPercent: z.number(), p95ErrorPercent: z.number(), worstUnderPercent: z.number() };

export const validationSchema = z
  .strictObject({
    schema: z.literal('gc-plan/validate@1'),
    tool: common.tool,
    runtimes: z.array(
      z.strictObject({ runtime: common.runtimeName, cases: count, ...figures, quality, source: z.string() }),
    ),
    promises: z.array(
      z.strictObject({
        runtime: common.runtimeName,
        figure: z.enum(['medianErrorPercent', 'p95ErrorPercent', 'worstUnderPercent']),
        limitPercent: z.number().describe('What README promises at most.'),
        actualPercent: z.number(),
        holds: z.boolean(),
      }),
    ),
    evidence: z
      .array(
        z.strictObject({
          runtime: common.runtimeName,
          codeBase: z.string(),
          layout: z.string(),
          mode: z.enum(['train', 'inference']),
          xlaGemm: z.enum(['cublas', 'triton']).exactOptional(),
          cases: count,
          live: z.strictObject(figures).describe('Of peakLiveBytes.'),
          reserved: z
            .strictObject({ native: z.strictObject(figures), expandable: z.strictObject(figures) })
            .exactOptional()
            .describe('Of peakReservedBytes, by allocator.'),
          insideRange: count.exactOptional().describe('How many of the cases lie inside the range.'),
          source: z.string(),
        }),
      )
      .describe('What reports quote: per code base, mode and products.'),
    cases: z.array(
      z.strictObject({
        runtime: common.runtimeName,
        name: z.string(),
        predictedBytes: bytes.describe('peakLiveBytes'),
        truthBytes: bytes,
        errorPercent: z.number().describe('predicted ÷ truth − 1'),
        quality,
        source: z.string(),
      }),
    ),
    published: z.array(
      z.strictObject({
        id: z.string(),
        published: z.string(),
        predicted: z.string(),
        errorPercent: z.number().exactOptional(),
        agrees: z.boolean().exactOptional(),
        quality,
        source: z.string(),
        explanation: z.string(),
        command: z.string().describe('The estimate command line that gives the prediction.'),
      }),
    ),
    passed: z.boolean(),
  })
  .describe('Every prediction that can be compared with a truth that gc-plan did not make.');

export type Validation = DeepReadonly<z.infer<typeof validationSchema>>;
