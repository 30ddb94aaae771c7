import { z } from 'zod';
import type { DeepReadonly } from '../formats.js';
import * as common from '../schema.js';

const { bytes, count } = common;

const finding = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.enum(['tight', 'exceeds']), shortfallBytes: bytes }),
    z.strictObject({ kind: z.literal('overBudget'), overBytes: bytes }),
    z.strictObject({
      kind: z.literal('grew'),
      percent: z.number(),
      grownBytes: bytes,
      module: z.string().describe('The module that grew most.'),
      moduleGrownBytes: z.int(),
    }),
  ])
  .describe('Why a configuration fails.');

const growth = z
  .strictObject({
    baselineBytes: bytes.describe('peakLiveBytes when the baseline was written.'),
    percent: z.number().describe('Growth of peakLiveBytes; negative: it shrank.'),
    modules: z
      .array(z.strictObject({ module: z.string(), baselineBytes: bytes, bytes }))
      .describe('Largest growth first.'),
  })
  .describe('Absent: the baseline does not know this configuration.');

export const checkSchema = z
  .strictObject({
    schema: z.literal('gc-plan/check@1'),
    tool: common.tool,
    planFile: z.string(),
    baseline: z.strictObject({
      file: z.string(),
      kind: z.enum(['compared', 'written', 'missing']),
      removed: z.array(z.string()).describe('Configurations that the baseline knows and the plan does not.'),
    }),
    maxGrowthPercent: z.number(),
    passed: z.boolean(),
    numFailed: count,
    entries: z.array(
      z.strictObject({
        name: z.string(),
        line: count.describe('Where it stands in the plan file.'),
        command: z.string().describe('The estimate command line that reproduces the numbers.'),
        config: z.union([common.config, common.recordedConfig]),
        verdict: common.verdict,
        memory: z.strictObject({
          peakLiveBytes: bytes,
          deviceBytes: bytes,
          range: z.strictObject({ lowBytes: bytes, highBytes: bytes }),
          byModule: z.array(z.strictObject({ module: z.string(), bytes })).describe('They sum to peakLiveBytes.'),
        }),
        budgetBytes: bytes.exactOptional().describe('Compared with range.highBytes.'),
        growth: growth.exactOptional(),
        findings: z.array(finding).describe('Empty: it passes.'),
      }),
    ),
    assumptions: z.array(z.string()),
  })
  .describe('The configurations of a plan file against their cards, budgets and baseline.');

export type Check = DeepReadonly<z.infer<typeof checkSchema>>;
