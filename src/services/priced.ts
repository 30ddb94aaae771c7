/** A resolved configuration as `estimate` reports it. */
import { costOf } from '../advise/costs.js';
import { fullElementBytes } from '../config/choices.js';
import { standInDevice } from '../config/device.js';
import type { Config } from '../config/types.js';
import type { Liveness } from '../memory/liveness.js';
import { counts } from '../models/counts.js';
import { type RankRow, rankTable } from '../parallel/rank-table.js';
import { type Priced, price, priceProgram } from '../price.js';
import type { Estimate } from '../reports/estimate/schema.js';
import { formatBytes } from '../reports/units.js';
import type { ProcessMemory } from '../runtimes/process.js';
import type { UnsizedStep } from '../search/unsized-step.js';
import { tool } from '../version.js';
import { errorBar, reportedAccuracy } from './accuracy.js';

/** `unsizedStep` is given where the trace is known already. */
export const priced = (config: Config, unsizedStep?: Pick<UnsizedStep, 'program' | 'trace'>): Estimate =>
  toReport(config, pricedStep(config, unsizedStep));

/** The step itself beside its numbers. */
export function pricedStep(config: Config, unsizedStep?: Pick<UnsizedStep, 'program' | 'trace'>): Priced {
  const numbers = counts(config.model);
  const step = priceProgram(config, numbers, unsizedStep);
  return price(config, numbers, standInDevice(), step, errorBar(config));
}

/** With what a forecast needs that is called step by step, and every rank of several cards. `step`: where it is priced already. */
export function estimateOf(config: Config, step = pricedStep(config)): Estimate {
  const report = withoutRanks(config, step);
  if (config.recipe.gpus === 1) return report;
  return { ...report, ranks: rankTable(config, counts(config.model), step.trace).map(rankReport) };
}

/** The same without a row per rank, each of which may be a trace of its own. */
export function withoutRanks(config: Config, step: Priced): Estimate {
  const report = toReport(config, step);
  return { ...report, assumptions: [...aboutForecast(config), ...report.assumptions] };
}

/** Of a training step, or of one step of a forecast; of all cards together, however they share it. `cost`: where a search knows it. */
export function sampleFlopsOf(config: Config, { sampleFlops } = costOf(config, counts(config.model))): number {
  return config.recipe.mode === 'train' ? sampleFlops : sampleFlops / config.recipe.rolloutSteps;
}

/** What `--rollout` means in inference, as a sentence with the number of the other way. */
function aboutForecast(config: Config): readonly string[] {
  const { mode, rolloutSteps } = config.recipe;
  if (mode === 'train' || rolloutSteps === 1) return [];
  const { memory } = priced({ ...config, recipe: { ...config.recipe, rolloutSteps: 1 } });
  const oneStep = formatBytes(memory.deviceBytes);
  return [
    `${rolloutSteps} steps in one program, whose predictions all stay on the card; ${oneStep} if one step at a time (--rollout 1).`,
  ];
}

const rankReport = ({ byCategory, peakLiveBytes, receivedBytes, ...rank }: RankRow) => ({
  ...rank,
  ...categoryBytes(byCategory),
  peakLiveBytes,
  receivedBytes,
});

const categoryBytes = (of: RankRow['byCategory']) => ({
  parameterBytes: of.parameter,
  gradientBytes: of.gradient,
  optimizerBytes: of.optimizer,
  activationBytes: of.activation,
  temporaryBytes: of.temporary,
  inputBytes: of.input,
});

/** A report holds assumptions beside the configuration, not in it. */
export function reportedConfig({ assumptions: _, ...config }: Config): Estimate['config'] {
  return config;
}

export function toReport(config: Config, { liveness, process, parameters, flops, ...rest }: Priced): Estimate {
  const { peak } = liveness;
  const elementBytes = fullElementBytes(config.recipe);
  return {
    schema: 'gc-plan/estimate@1',
    tool: tool(),
    config: reportedConfig(config),
    counts: rest.counts,
    parameters: {
      count: parameters.count,
      bytes: parameters.count * elementBytes,
      byModule: parameters.byNetwork.map(({ network, count }) => ({
        module: network,
        count,
        bytes: count * elementBytes,
      })),
    },
    memory: memoryReport(liveness, process),
    peak: { phase: peak.phase, operation: peak.operation, index: peak.event },
    verdict: rest.verdict,
    ...(rest.onCard && { onCard: onCardReport(rest.onCard) }),
    cost: { ...flops, ...rest.roofline },
    accuracy: reportedAccuracy(config),
    assumptions: rest.assumptions,
  };
}

export const memoryReport = (
  { peak, byCategory, byModule, phases }: Liveness,
  process: ProcessMemory,
): Estimate['memory'] => ({
  ...categoryBytes(byCategory),
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
});

const onCardReport = ({ sentences, ...words }: NonNullable<Priced['onCard']>): NonNullable<Estimate['onCard']> => words;
