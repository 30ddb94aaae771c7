import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';
import { compiled, recordedFramework, unseen } from '../trace/schema.js';

const { bytes, count } = common;

export const captureSchema = z
  .strictObject({
    schema: z.literal('gc-plan/capture@1'),
    tool: common.tool,
    framework: recordedFramework,
    source: z.string().describe('File and function that were captured.'),
    versions: z.record(z.string(), z.string()),
    trace: z
      .strictObject({
        file: z.string(),
        fileBytes: bytes,
        numBuffers: count,
        numEvents: count,
        parameters: z.strictObject({ count, bytes }),
        peakLiveBytes: bytes.describe('Of the last step.'),
        peak: z.strictObject({ phase: common.phase, operation: z.string(), module: z.string() }),
        compiled: compiled.exactOptional(),
      })
      .nullable()
      .describe('null: the step did not run to its end, and `unseen` says where.'),
    measured: z
      .strictObject({ file: z.string(), lines: z.array(z.record(z.string(), z.unknown())) })
      .exactOptional()
      .describe('With --device cuda: what PyTorch and the driver counted, in the format of verify --measured.'),
    unseen: z.array(unseen).describe('Empty: everything was seen, and the exit code is 0.'),
    assumptions: z.array(z.string()),
  })
  .describe('A training step of one’s own, recorded without a GPU.');

export type Capture = DeepReadonly<z.infer<typeof captureSchema>>;
