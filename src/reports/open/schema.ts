import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

export const openedSchema = z
  .strictObject({
    schema: z.literal('gc-plan/open@1'),
    tool: common.tool,
    url: z.string().describe('Where the page is served until gc-plan is interrupted: on this machine alone.'),
    command: z.string().describe('The command line with the numbers that the page shows first.'),
  })
  .describe('The page is served.');

export type Opened = DeepReadonly<z.infer<typeof openedSchema>>;
