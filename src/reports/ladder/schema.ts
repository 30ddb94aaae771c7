import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';
import { backend, stepBytes, verdict } from '../verify/schema.js';

const rung = z.strictObject({
  value: common.count.describe('Of the axis.'),
  predicted: stepBytes,
  measured: stepBytes.exactOptional().describe('Absent after oom or timeout.'),
  verdict,
});

export const ladderSchema = z
  .strictObject({
    schema: z.literal('gc-plan/ladder@1'),
    tool: common.tool,
    config: common.config.describe('The largest size; each series changes one axis of it.'),
    backend,
    steps: common.count,
    series: z.array(
      z.strictObject({
        axis: z.enum(['hiddenDim', 'layers', 'meshLevel', 'batchSize']),
        rungs: z.array(rung),
        laws: z.array(
          z.strictObject({
            claim: z.string(),
            errorPercent: z
              .number()
              .exactOptional()
              .describe(
                'The largest rung as the law extrapolates it from the measured smaller ones, against its measurement.',
              ),
            holds: z.boolean(),
          }),
        ),
      }),
    ),
    verdict: z.strictObject({ kind: z.enum(['within', 'outside']) }),
    assumptions: z.array(z.string()),
  })
  .describe('A series of sizes, measured, and whether memory grows as the estimate claims.');

export type Ladder = DeepReadonly<z.infer<typeof ladderSchema>>;
