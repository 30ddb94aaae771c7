import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

const { bytes } = common;

export const stepBytes = z.strictObject({
  parameterBytes: bytes,
  forwardEndBytes: bytes,
  peakLiveBytes: bytes,
  optimizerBytes: bytes,
});
export const errorsPercent = z.strictObject({
  parameterBytes: z.number(),
  forwardEndBytes: z.number(),
  peakLiveBytes: z.number(),
  optimizerBytes: z.number(),
});

export const backend = z.strictObject({ name: z.string(), version: z.string(), device: z.string() });

export const verdict = z.strictObject({
  kind: z.enum(['within', 'outside', 'oom', 'timeout', 'crashed']),
  reason: z.string().exactOptional().describe('What ended the run after oom, timeout or a crash.'),
});

export const verificationSchema = z
  .strictObject({
    schema: z.literal('gc-plan/verify@1'),
    tool: common.tool,
    config: common.config,
    backend,
    versions: z
      .record(z.string(), z.string())
      .exactOptional()
      .describe(
        'Of a step of the code base’s own classes that was captured: Python, the framework and the code bases.',
      ),
    steps: common.count,
    predicted: stepBytes,
    measured: stepBytes.exactOptional().describe('Absent where the run did not reach its end.'),
    errorsPercent: errorsPercent.exactOptional().describe('(predicted − measured) ÷ measured.'),
    firstDivergence: z
      .strictObject({
        operation: z.string(),
        predictedBytes: bytes,
        measuredBytes: bytes,
        measuredOperation: z.string().exactOptional().describe('What the captured step did there.'),
      })
      .exactOptional()
      .describe('The first operation where prediction and measurement part.'),
    verdict,
    run: z
      .strictObject({
        losses: z.array(z.number()),
        stepTimeMs: z
          .number()
          .nonnegative()
          .exactOptional()
          .describe('Median, the first and the measured step left out.'),
        residentBytes: bytes
          .exactOptional()
          .describe('What the process held for the arrays at worst; never below them.'),
      })
      .exactOptional()
      .describe('Absent where the run did not reach its end.'),
    assumptions: z.array(z.string()),
  })
  .describe('Real training steps compared with the estimate.');

export type Verification = DeepReadonly<z.infer<typeof verificationSchema>>;
