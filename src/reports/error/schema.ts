import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';

export const errorSchema = z
  .strictObject({
    schema: z.literal('gc-plan/error@1'),
    code: z.string().describe('Stable, kebab-case, e.g. unknown-gpu.'),
    message: z.string(),
    nextSteps: z.array(z.string()),
  })
  .describe('No report: the input is wrong, something is missing, or gc-plan has a bug.');

export type ErrorReport = DeepReadonly<z.infer<typeof errorSchema>>;
