import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

export const completionSchema = z
  .strictObject({
    schema: z.literal('gc-plan/completion@1'),
    tool: common.tool,
    shell: z.enum(['bash', 'zsh', 'fish']),
    script: z.string(),
  })
  .describe('A completion script for a shell.');

export type Completion = DeepReadonly<z.infer<typeof completionSchema>>;
