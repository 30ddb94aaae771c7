import { z } from 'zod';
import { exportNames } from '../../models/index.js';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

const { count, bytes } = common;

const priced = { memory: common.memory, verdict: common.verdict, cost: common.cost };
const command = z.string().describe('The estimate command line that reproduces these numbers.');
const size = { hiddenDim: count, layers: count };

const stage = z.strictObject({
  ...size,
  growth: z.enum(['start', 'widen', 'deepen']).describe('What is doubled on the way to this stage.'),
  parameters: count.describe('Number of parameters.'),
  parametersCarriedOver: count.describe(
    'Trained values of the stage before that go on: deepening adds new layers beside them, widening tiles them.',
  ),
  precision: common.precision,
  batchSize: count,
  accumulate: count,
  checkpoint: z.array(z.string()).describe('Parts as --checkpoint takes them; empty: none.'),
  relativeCost: z.number().describe('FLOPs of a sample, recomputed ones too, ÷ those of the first stage.'),
  ...priced,
  onCard: common.onCard,
  learningRate: z.string().describe('What becomes of it in this stage.'),
  checks: z.array(z.string()).describe('What to see before going on.'),
  command,
  exported: z
    .strictObject({
      codeBase: z.enum(exportNames()),
      text: z.string().describe('The file, or its command line.'),
      missing: z.array(z.string()).describe('What the code base has no key for.'),
      file: z.string().describe('Its name in the directory that --output-dir writes.'),
      grow: z
        .string()
        .exactOptional()
        .describe('The command that makes this stage’s first checkpoint; absent: it starts from new values.'),
    })
    .exactOptional(),
});

const flops = z.number().nonnegative().describe('Recomputed ones too.');
const hours = z.number().nonnegative().describe('By the roofline, which real steps do not reach.');
const price = z.number().nonnegative().describe('Hours × price per hour × GPUs.');

const paths = z.strictObject({
  updates: z.array(count).describe('Of the plan’s stages; a path of fewer takes the first ones and the last.'),
  prices: z.strictObject({ source: z.string(), currency: z.string().exactOptional(), sources: z.array(z.string()) }),
  rows: z.array(
    z.strictObject({
      order: z
        .enum(['cheapest', 'depth first', 'width first', 'both at once', 'goal alone'])
        .describe('cheapest: the plan’s own where it is no other; goal alone: all updates at the goal’s size.'),
      chosen: z.boolean().describe('It is the plan’s own.'),
      sizes: z.array(z.strictObject(size)),
      stages: z
        .array(
          z.strictObject({
            ...size,
            updates: count,
            device: z.string().describe('The card, or where it is not enough the smallest for all of the rest.'),
            flops,
            hours: hours.exactOptional(),
            price: price.exactOptional(),
          }),
        )
        .describe('Fewer than sizes where no known card is enough for the rest.'),
      flops: flops.exactOptional(),
      relativeFlops: z.number().nonnegative().exactOptional().describe('÷ those of the plan’s own path.'),
      hours: hours.exactOptional(),
      price: price.exactOptional(),
    }),
  ),
});

const cell = z.strictObject({
  ...size,
  peakLiveBytes: bytes.describe('The least of all candidates of this size.'),
  verdict: z.enum(['fits', 'tight', 'exceeds']).describe('The best of all candidates of this size.'),
});

const point = z.strictObject({
  deviceBytes: bytes,
  sampleFlops: z.number().nonnegative().describe('FLOPs of a sample, recomputed ones too.'),
  verdict: cell.shape.verdict,
  isOnFront: z.boolean(),
});

export const sweepSchema = z
  .strictObject({
    schema: z.literal('gc-plan/sweep@1'),
    tool: common.tool,
    config: common.config.describe('Of the first configuration that is shown; the others differ in what is searched.'),
    taken: z
      .string()
      .exactOptional()
      .describe('Where no model was named: which one was taken, and how to ask for another framework’s.'),
    space: z
      .record(z.string(), z.array(z.union([z.string(), z.number(), z.boolean()])))
      .describe('The values tried for each flag, without dashes.'),
    device: common.device.nullable().describe('The card; of several the cheapest on which the plan reaches its goal.'),
    cards: z
      .array(
        z.strictObject({
          name: z.string(),
          pricePerHour: z.number().nonnegative().exactOptional(),
          largestStage: z.strictObject(size).exactOptional(),
          reachesGoal: z.boolean(),
        }),
      )
      .exactOptional()
      .describe('Where several were named: cheapest first, by price where it is known, then by memory.'),
    candidates: z.strictObject({
      total: count.describe('fits + tight + exceeds'),
      fits: count,
      tight: count,
      exceeds: count,
      deduced: count.describe('Of exceeds: the arrays alone are more than the card has, nothing was replayed.'),
      excluded: count.describe('Not in total: left out by --require, --max-params or --max-step-cost.'),
      impossible: count.describe('Not in total: combinations that no configuration can have.'),
      refused: z
        .array(z.strictObject({ count, reason: z.string(), source: z.string() }))
        .describe('Not in total: what the code base itself cannot run, counted by reason.'),
      pending: count.describe('Not in total: not reached before an interruption.'),
    }),
    frontSize: count.describe('Candidates that fit and that no other one dominates; pareto lists the first of them.'),
    pareto: z.array(z.strictObject({ config: common.config, parameters: count, ...priced, command })),
    points: z
      .array(point)
      .describe(
        'Memory and cost of what was priced on the card: the front first, then at most 1,000 in all, evenly taken.',
      ),
    sizes: z.array(cell).describe('Every width and depth.'),
    plan: z.strictObject({
      from: z.strictObject(size),
      to: z.strictObject(size),
      globalBatch: count.describe('Samples of one optimizer step, the same in every stage.'),
      stages: z.array(stage),
      firstStageThatNeedsMore: z
        .strictObject({
          ...size,
          shortfallBytes: bytes,
          smallestDevice: z.string().exactOptional().describe('The smallest known card on which it fits.'),
          smallestDeviceForRest: z
            .string()
            .exactOptional()
            .describe('The smallest known card on which it and all stages behind it fit.'),
        })
        .exactOptional(),
      paths: paths.exactOptional().describe('With --updates: the same goal by each order of growing.'),
      rules: z.array(
        z.strictObject({ growth: z.enum(['widen', 'deepen']), rule: z.string(), sources: z.array(z.string()) }),
      ),
    }),
    accuracy: common.accuracy,
    assumptions: z.array(z.string()),
  })
  .describe('Which configurations fit, which are worth it, and the steps from a small to a large one.');

export type Sweep = DeepReadonly<z.infer<typeof sweepSchema>>;
