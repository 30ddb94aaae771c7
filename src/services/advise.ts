/** `gc-plan advise`: every single change, and the cheapest combination that makes a configuration fit. */
import { loadDevice, profileNames } from '../config/profiles.js';
import { type ResolveInput, resolverFor } from '../config/resolve.js';
import type { Flags } from '../config/typed.js';
import type { Config, Device } from '../config/types.js';
import { InputError } from '../errors.js';
import type { Advice } from '../report/schemas/advise.js';
import type { Estimate } from '../report/schemas/estimate.js';
import { estimateCommand } from '../search/command-line.js';
import { flagsBetween } from '../strategies/apply.js';
import { cheapestWay, type SearchInput } from '../strategies/cheapest.js';
import { catalogue } from '../strategies/index.js';
import { type SingleChange, singleChanges } from '../strategies/single.js';
import type { Numerics } from '../strategies/types.js';
import { numDifferences } from '../strategies/ways.js';
import { counts } from '../topology/counts.js';
import { tool } from '../version.js';
import { estimateOf } from './estimate.js';
import { experience } from './experience.js';

/** The configuration that is advised on, and how a changed one is typed. */
interface Subject extends SearchInput {
  readonly typed: ResolveInput;
  readonly report: Estimate;
  readonly sampleFlops: number;
}

export async function advise(input: ResolveInput): Promise<Advice> {
  const config = (await resolverFor(input))();
  const { device } = config;
  if (device === null)
    throw new InputError('missing-card', 'advise needs to know the card: which one, or how much memory it has.', [
      'gc-plan advise --gpu rtx-4090',
      'gc-plan advise --vram 24GB',
    ]);
  const report = estimateOf(config);
  const subject: Subject = {
    typed: input,
    config,
    counts: counts(config.model),
    device,
    accuracy: experience(config.runtime),
    report,
    sampleFlops: sampleFlopsOf(report),
  };
  const cheapest = report.verdict.kind === 'fits' ? undefined : cheapestReport(subject);
  const smallestDevice = report.verdict.kind === 'fits' ? undefined : smallestCard(config);
  return {
    schema: 'gc-plan/advise@1',
    tool: tool(),
    config: report.config,
    memory: report.memory,
    verdict: report.verdict,
    changes: rankedChanges(subject),
    ...(cheapest && { cheapest: cheapest.report }),
    ...(smallestDevice && { smallestDevice }),
    accuracy: report.accuracy,
    assumptions: [...report.assumptions, ...(cheapest?.assumptions ?? [])],
  };
}

/** FLOPs of a training step ÷ its samples. */
const sampleFlopsOf = ({ cost, config }: Pick<Estimate, 'cost' | 'config'>): number =>
  (cost.trainFlops || cost.forwardFlops) / config.recipe.batchSize;

type Priced = Pick<
  Advice['changes'][number],
  'change' | 'peakLiveBytes' | 'deviceBytes' | 'savedBytes' | 'relativeCost' | 'numerics' | 'verdict' | 'command'
>;

function priced(subject: Subject, report: Estimate, config: Config, numerics: Numerics): Priced {
  const flags = flagsBetween(subject.config.recipe, config.recipe);
  const { peakLiveBytes, deviceBytes } = report.memory;
  return {
    change: typedFlags(flags),
    peakLiveBytes,
    deviceBytes,
    savedBytes: subject.report.memory.deviceBytes - deviceBytes,
    relativeCost: sampleFlopsOf(report) / subject.sampleFlops,
    numerics,
    verdict: report.verdict,
    command: estimateCommand(subject.typed.model, { ...subject.typed.flags, ...flags }),
  };
}

/** As they stand on the command line. */
const typedFlags = (flags: Flags): string => estimateCommand(undefined, flags).slice('gc-plan estimate '.length);

function rankedChanges(subject: Subject): Advice['changes'] {
  const rank = ({ verdict }: Priced) => (verdict.kind === 'fits' ? 0 : 1);
  return singleChanges(subject)
    .map((single) => singleReport(subject, single))
    .filter(({ savedBytes, verdict }) => savedBytes > 0 || verdict.kind !== subject.report.verdict.kind)
    .sort((a, b) => rank(a) - rank(b) || b.savedBytes - a.savedBytes);
}

function singleReport(subject: Subject, { strategy, config }: SingleChange): Advice['changes'][number] {
  const { id, describe, cost, numerics } = strategy;
  const code = strategy.code(config);
  return { strategy: id, describe, cost, ...priced(subject, estimateOf(config), config, numerics), code };
}

type Cheapest = NonNullable<Advice['cheapest']>;

function cheapestReport(
  subject: Subject,
): { readonly report: Cheapest; readonly assumptions: readonly string[] } | undefined {
  const way = cheapestWay(subject);
  if (way === undefined) return undefined;
  const { config, numerics } = way;
  const report = estimateOf(config);
  const rounding = `Nothing fits in ${subject.config.recipe.precision} with ${subject.config.recipe.optimizer}: the cheapest combination changes more than memory.`;
  return {
    report: {
      ...priced(subject, report, config, numerics),
      config: report.config,
      memory: report.memory,
      parts: partsOf(subject.config, config),
    },
    assumptions: numerics === 'same' ? [] : [rounding],
  };
}

/** The strategies that the combination takes, each with its own line: those whose part of the recipe changed. */
function partsOf(from: Config, to: Config): Cheapest['parts'] {
  return catalogue.flatMap((strategy) => {
    const { id, cost } = strategy;
    if (strategy.aside || !touches(strategy.changes(from), from, to)) return [];
    return [{ strategy: id, cost, code: strategy.code(to) }];
  });
}

/** One of the changes leads towards `to`: with it, fewer differences are left. */
function touches(changes: ReturnType<(typeof catalogue)[number]['changes']>, from: Config, to: Config): boolean {
  const before = numDifferences(from.recipe, to.recipe);
  return changes.some(({ recipe, checkpoint }) => {
    const changed = { ...from.recipe, ...recipe, checkpoint: { ...from.recipe.checkpoint, ...checkpoint } };
    return numDifferences(changed, to.recipe) < before;
  });
}

/** The smallest known card on which the configuration fits as it is. */
function smallestCard(config: Config): string | undefined {
  return profileNames('gpus')
    .map((name): Device => loadDevice(name))
    .sort((a, b) => a.reportedBytes - b.reportedBytes)
    .find((device) => estimateOf({ ...config, device }).verdict.kind === 'fits')?.name;
}
