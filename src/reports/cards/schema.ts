import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

const row = z.strictObject({
  device: common.device,
  gpus: common.count.describe('Cards of this kind: 1, what was typed, or the fewest that are enough where one is not.'),
  verdict: common.verdict,
  deviceBytes: common.bytes,
  range: z.strictObject({ lowBytes: common.bytes, highBytes: common.bytes }),
  stepTimeMs: z.number().nonnegative().exactOptional().describe('A roofline model of a micro-step, not a measurement.'),
  pricePerHour: z.number().nonnegative().exactOptional().describe('Of one card.'),
  pricePerThousand: z
    .number()
    .nonnegative()
    .exactOptional()
    .describe('Of 1,000 optimizer steps, or 1,000 calls in inference, at the roofline’s time: real steps take longer.'),
  note: z.string().exactOptional().describe('What this card makes of the precision, in a word.'),
  change: z.string().exactOptional().describe('Several cards: the flags to add.'),
  command: z.string().describe('The estimate command line that reproduces these numbers.'),
});

export const cardsSchema = z
  .strictObject({
    schema: z.literal('gc-plan/cards@1'),
    tool: common.tool,
    config: z.union([common.config, common.recordedConfig]).describe('With no card named.'),
    cards: z.array(row).describe('Those that fit first, by price where one is known, then by memory.'),
    all: z.boolean().describe('A table lists them all, not only those that fit.'),
    top: common.count.exactOptional().describe('How many of those that fit a table lists.'),
    cheapest: z.string().exactOptional().describe('The first that fits; absent: none does.'),
    notProposed: z
      .strictObject({ cards: z.array(z.string()), reason: z.string() })
      .exactOptional()
      .describe('Cards that the code base’s own code does not run on.'),
    prices: z.strictObject({ source: z.string(), currency: z.string().exactOptional(), sources: z.array(z.string()) }),
    accuracy: common.accuracy,
    assumptions: z.array(z.string()),
  })
  .describe('On which cards a configuration fits, and what they cost.');

export type Cards = DeepReadonly<z.infer<typeof cardsSchema>>;
