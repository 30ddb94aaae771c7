/** `gc-plan estimate`: one configuration's memory as a report. */

import { fullElementBytes } from '../config/element-bytes.js';
import { loadDevice } from '../config/profiles.js';
import { type ResolveInput, resolveConfig } from '../config/resolve.js';
import type { Config } from '../config/types.js';
import { type Priced, price, priceProgram } from '../estimate.js';
import { type RankRow, rankTable } from '../parallel/rank-table.js';
import type { Estimate } from '../report/schemas/estimate.js';
import { counts } from '../topology/counts.js';
import { tool } from '../version.js';
import { experience } from './experience.js';

/** Its context and libraries stand in where no card was named. */
export const standInDevice = 'h100-80gb';

export async function estimate(input: ResolveInput): Promise<Estimate> {
  const config = await resolveConfig(input);
  const report = estimateOf(config);
  if (report.verdict.kind !== 'tight' && report.verdict.kind !== 'exceeds') return report;
  const { cheapestChanges } = await import('./smallest-change.js');
  return { ...report, verdict: { ...report.verdict, ...cheapestChanges(input, config) } };
}

export function estimateOf(config: Config): Estimate {
  const numbers = counts(config.model);
  const step = priceProgram(config, numbers);
  const report = toReport(config, price(config, numbers, loadDevice(standInDevice), step, experience(config.runtime)));
  return config.recipe.gpus === 1 ? report : { ...report, ranks: rankTable(config, numbers).map(rankReport) };
}

const rankReport = ({ byCategory, peakLiveBytes, receivedBytes, ...rank }: RankRow) => ({
  ...rank,
  parameterBytes: byCategory.parameter,
  gradientBytes: byCategory.gradient,
  optimizerBytes: byCategory.optimizer,
  activationBytes: byCategory.activation,
  temporaryBytes: byCategory.temporary,
  inputBytes: byCategory.input,
  peakLiveBytes,
  receivedBytes,
});

export function toReport(config: Config, priced: Priced): Estimate {
  const { runtime, model, recipe, device, reserveBytes, allowTight } = config;
  const { liveness, process, parameters, flops } = priced;
  const { byCategory, byModule, phases, peak } = liveness;
  const elementBytes = fullElementBytes(recipe);
  return {
    schema: 'gc-plan/estimate@1',
    tool: tool(),
    config: { runtime, model, recipe, device, reserveBytes, allowTight },
    counts: priced.counts,
    parameters: {
      count: parameters.count,
      bytes: parameters.count * elementBytes,
      byModule: parameters.byNetwork.map(({ network, count }) => ({
        module: network,
        count,
        bytes: count * elementBytes,
      })),
    },
    memory: {
      parameterBytes: byCategory.parameter,
      gradientBytes: byCategory.gradient,
      optimizerBytes: byCategory.optimizer,
      activationBytes: byCategory.activation,
      temporaryBytes: byCategory.temporary,
      inputBytes: byCategory.input,
      peakLiveBytes: peak.liveBytes,
      peakAllocatedBytes: process.peakAllocatedBytes,
      peakReservedBytes: process.peakReservedBytes,
      ...(process.minCapacityBytes !== undefined && { minCapacityBytes: process.minCapacityBytes }),
      deviceBytes: process.deviceBytes,
      range: process.range,
      byModule: [...byModule].map(([module, bytes]) => ({ module, bytes })),
      phases,
      ...(process.xlaRemat && { xlaRemat: process.xlaRemat }),
      ...(process.preallocatedBytes !== undefined && { preallocatedBytes: process.preallocatedBytes }),
    },
    peak: { phase: peak.phase, operation: peak.operation, index: peak.event },
    verdict: priced.verdict,
    cost: { ...flops, ...priced.roofline },
    accuracy: priced.accuracy,
    assumptions: priced.assumptions,
  };
}
