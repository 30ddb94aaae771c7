import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';
import { backend, errorsPercent, stepBytes, verdict } from '../verify/schema.js';

const { count } = common;
const size = { hiddenDim: count, layers: count };

const run = z.strictObject({
  measured: stepBytes,
  errorsPercent,
  losses: z.array(z.number()).describe('Of each step’s own samples, before its update.'),
  heldOutLoss: z
    .strictObject({
      start: z.number().describe('Before the first update.'),
      end: z.number().describe('After the last one.'),
    })
    .describe('Of the held-out batch, the same in every stage.'),
  stepTimeMs: z.number().nonnegative().describe('Median.'),
  grown: z
    .strictObject({
      arrays: z
        .strictObject({ copied: count, tiled: count, padded: count, new: count })
        .describe('What became of the stage’s arrays.'),
      predictionDifference: z
        .number()
        .nonnegative()
        .describe('Largest difference of predictions before and after growing ÷ the largest prediction.'),
      lossDifferencePercent: z.number().describe('Held-out loss at the start against the last stage’s end.'),
    })
    .exactOptional()
    .describe('Absent in the first stage.'),
});

export const planVerificationSchema = z
  .strictObject({
    schema: z.literal('gc-plan/verify-plan@1'),
    tool: common.tool,
    config: common.config.describe('Of the last stage; the others differ in size.'),
    backend,
    from: z.strictObject(size),
    to: z.strictObject(size),
    steps: count.describe('Of each stage.'),
    samples: z
      .strictObject({ training: count, heldOut: count })
      .describe('Different ones; every stage goes through the same in the same order.'),
    stages: z.array(
      z.strictObject({
        ...size,
        growth: z.enum(['start', 'widen', 'deepen']),
        parameters: count,
        predicted: stepBytes,
        run: run.exactOptional().describe('Absent where the run did not reach its end.'),
        failures: z.array(z.string()).describe('What does not hold; empty: all of it does.'),
      }),
    ),
    verdict,
    assumptions: z.array(z.string()),
  })
  .describe('A progressive plan, trained stage by stage: each starts as the last one grown.');

export type PlanVerification = DeepReadonly<z.infer<typeof planVerificationSchema>>;
