import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

export const initSchema = z
  .strictObject({
    schema: z.literal('gc-plan/init@1'),
    tool: common.tool,
    file: z.string().describe('The plan file that was written.'),
    gpu: z.string(),
    foundBy: z.enum(['flag', 'nvidia-smi']),
    configurations: z.array(z.strictObject({ name: z.string(), command: z.string(), verdict: z.string() })),
    nextSteps: z.array(z.string()),
  })
  .describe('A plan file was written.');

export type Init = DeepReadonly<z.infer<typeof initSchema>>;
