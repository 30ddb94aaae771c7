import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

const { count } = common;

const side = z.strictObject({
  file: z.string(),
  hiddenDim: z.int().positive(),
  layers: count.describe('Processor layers.'),
  arrays: count,
  elements: count.describe('Values in all arrays, parameters and what else the file holds.'),
});

export const grownSchema = z
  .strictObject({
    schema: z.literal('gc-plan/grow@1'),
    tool: common.tool,
    checkpoint: z.string().describe('Which network’s arrays these are.'),
    format: z.enum(['npz', 'torch']),
    from: side,
    to: side,
    arrays: z
      .array(
        z.strictObject({
          name: z.string(),
          how: z
            .enum(['copied', 'tiled', 'padded', 'new', 'set'])
            .describe('As it was; units copied; units added that give 0; of a new layer; a size in the settings.'),
          shape: z.array(count),
          fromShape: z.array(count).exactOptional().describe('Absent: the array is new.'),
        }),
      )
      .describe('Every array of the written file.'),
    optimizer: z.enum(['none', 'reset']).describe('reset: the file held an optimizer’s state, which was left out.'),
    dropped: z.array(z.string()).describe('Keys of the source that were left out.'),
    assumptions: z.array(z.string()),
  })
  .describe('A checkpoint carried over to a larger model.');

export type Grown = DeepReadonly<z.infer<typeof grownSchema>>;
