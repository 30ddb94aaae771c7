import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

const sources = z.array(z.string());

export const profilesSchema = z
  .strictObject({
    schema: z.literal('gc-plan/profiles@1'),
    tool: common.tool,
    models: z.array(z.strictObject({ name: z.string(), description: z.string(), sources })),
    recipes: z.array(z.strictObject({ name: z.string(), description: z.string(), sources })),
    gpus: z.array(
      z.strictObject({
        name: z.string(),
        description: z.string(),
        nominalBytes: common.bytes,
        reportedBytes: common.bytes,
        bandwidthGBps: z.number(),
        sources,
      }),
    ),
  })
  .describe('The models, recipes and cards that gc-plan knows, with their sources.');

export type Profiles = DeepReadonly<z.infer<typeof profilesSchema>>;
