/** `gc-plan verify --ladder`: real steps at a series of sizes, and whether memory grows as the estimate claims. */

import { counts } from '../models/counts.js';
import type { ResolveInput } from '../options/resolve.js';
import { priceProgram } from '../price.js';
import type { Ladder } from '../reports/ladder/schema.js';
import type { Verification } from '../reports/verify/schema.js';
import { type Axis, atRung, ladderValues, lawsOf } from '../verify/ladder.js';
import { parseVerifyOptions } from '../verify/options.js';
import { tool } from '../version.js';
import { requireMemory } from './machine-memory.js';
import { reportedConfig } from './priced.js';
import { configOf, record, requireTfjs, verifyConfig, type Watching } from './verify.js';

export interface LadderWatching extends Watching {
  readonly onRung?: (rung: number, numRungs: number) => void;
}

export async function ladder(
  input: ResolveInput,
  { onRung = () => {}, ...watching }: LadderWatching = {},
): Promise<Ladder> {
  const options = parseVerifyOptions(input.flags);
  const config = await configOf(input);
  requireTfjs(config);
  const { batchSize } = ladderValues(config);
  const largest = atRung(config, 'batchSize', Math.max(...batchSize));
  requireMemory(largest, priceProgram(largest, counts(largest.model)), options.backend);
  const plan = Object.entries(ladderValues(config)) as [Axis, readonly number[]][];
  const numRungs = plan.reduce((sum, [, values]) => sum + values.length, 0);
  const known = new Map<string, Verification>();
  let rung = 0;
  const verified = async (axis: Axis, value: number): Promise<Verification> => {
    const at = atRung(config, axis, value);
    onRung(++rung, numRungs);
    const key = JSON.stringify([at.model, at.recipe]);
    const report = known.get(key) ?? (await verifyConfig(at, options, watching));
    if (!known.has(key)) record(report, options);
    known.set(key, report);
    return report;
  };
  const series: Ladder['series'][number][] = [];
  for (const [axis, values] of plan) {
    const rungs: Ladder['series'][number]['rungs'][number][] = [];
    for (const value of values) {
      const { predicted, measured, verdict } = await verified(axis, value);
      rungs.push({ value, predicted, ...(measured !== undefined && { measured }), verdict });
    }
    series.push({ axis, rungs, laws: lawsOf(axis, rungs, config.recipe, options.tolerancePercent) });
  }
  const reports = [...known.values()];
  const holds =
    reports.every(({ verdict }) => verdict.kind === 'within') &&
    series.every(({ laws }) => laws.every((law) => law.holds));
  return {
    schema: 'gc-plan/ladder@1',
    tool: tool(),
    config: reportedConfig(config),
    backend: reports[0]!.backend,
    steps: options.numSteps,
    series,
    verdict: { kind: holds ? 'within' : 'outside' },
    assumptions: config.assumptions,
  };
}
