/** `gc-plan advise`: every single change, and the cheapest combination that makes a configuration fit. */

import { flagsThatMake } from '../advise/apply.js';
import { cheapestRemedy, type Remedy, type SearchInput } from '../advise/cheapest.js';
import { codeLines } from '../advise/code-lines.js';
import { Effort } from '../advise/effort.js';
import { partsOf } from '../advise/parts.js';
import { fewestGpus } from '../advise/several-gpus.js';
import { type SingleChange, singleChanges } from '../advise/single.js';
import { fits } from '../advise/sized-step.js';
import type { Numerics } from '../advise/types.js';
import { missingCard } from '../config/device.js';
import type { Config } from '../config/types.js';
import { yieldToEvents } from '../event-loop.js';
import { counts } from '../models/counts.js';
import { type ResolveInput, resolverFor } from '../options/resolve.js';
import type { Flags } from '../options/typed.js';
import { programOf } from '../parallel/index.js';
import type { Advice } from '../reports/advise/schema.js';
import type { Estimate } from '../reports/estimate/schema.js';
import { proposedCards } from '../search/cards.js';
import { estimateCommand, typedFlags } from '../search/command-line.js';
import { tool } from '../version.js';
import { errorBar } from './accuracy.js';
import { pricedStep, sampleFlopsOf, withoutRanks } from './priced.js';

/** The configuration that is advised on, and how a changed one is typed. */
interface Subject extends SearchInput {
  readonly typed: ResolveInput;
  /** The command with further flags. */
  readonly resolve: (more: Flags) => Config;
  readonly report: Estimate;
  readonly sampleFlops: number;
  readonly effort: Effort;
}

export async function advise(input: ResolveInput): Promise<Advice> {
  const resolve = await resolverFor(input);
  const config = resolve();
  const { device } = config;
  if (device === null) throw missingCard('advise');
  const search = { counts: counts(config.model), effort: Effort.unlimited() };
  const report = estimateIn(search, config);
  const subject: Subject = {
    typed: input,
    resolve,
    config,
    ...search,
    device,
    errorBar: errorBar(config),
    report,
    sampleFlops: sampleFlopsOf(config, search.effort.cost(config, search.counts)),
  };
  const isFitting = report.verdict.kind === 'fits';
  const cheapest = isFitting
    ? undefined
    : combination(subject, await cheapestRemedy({ ...subject, effort: subject.effort.ofSearch(config) }));
  const several = isFitting || cheapest ? undefined : combination(subject, await fewestGpus(subject));
  const smallestDevice = isFitting ? undefined : await smallestCard(subject);
  return {
    schema: 'gc-plan/advise@1',
    tool: tool(),
    config: report.config,
    memory: report.memory,
    verdict: report.verdict,
    ...(report.onCard && { onCard: report.onCard }),
    changes: await rankedChanges(subject),
    ...(cheapest && { cheapest }),
    ...(several && { severalGpus: several }),
    ...(smallestDevice && { smallestDevice }),
    accuracy: report.accuracy,
    assumptions: [...report.assumptions, ...changedNumbers(subject, cheapest)],
  };
}

/** With the trace that a search has made, or will ask for. */
function estimateIn({ counts, effort }: Pick<Subject, 'counts' | 'effort'>, config: Config): Estimate {
  const { trace } = effort.step(config, counts);
  return withoutRanks(config, pricedStep(config, { program: programOf(config), trace }));
}

type Priced = Pick<
  Advice['changes'][number],
  'change' | 'peakLiveBytes' | 'deviceBytes' | 'savedBytes' | 'relativeCost' | 'numerics' | 'verdict' | 'command'
>;

function change(subject: Subject, report: Estimate, config: Config, numerics: Numerics): Priced {
  const flags = flagsThatMake(subject.resolve, subject.config.recipe, config.recipe);
  const { peakLiveBytes, deviceBytes } = report.memory;
  return {
    change: typedFlags(flags),
    peakLiveBytes,
    deviceBytes,
    savedBytes: subject.report.memory.deviceBytes - deviceBytes,
    relativeCost: sampleFlopsOf(config, subject.effort.cost(config, subject.counts)) / subject.sampleFlops,
    numerics,
    verdict: report.verdict,
    command: estimateCommand(subject.typed.model, { ...subject.typed.flags, ...flags }),
  };
}

async function rankedChanges(subject: Subject): Promise<Advice['changes']> {
  const rank = ({ verdict }: Priced) => (verdict.kind === 'fits' ? 0 : 1);
  const { config, effort } = subject;
  const singles = await singleChanges({ ...subject, effort: effort.ofSearch(config) });
  return singles
    .map((single) => singleReport(subject, single))
    .filter(({ savedBytes, verdict }) => savedBytes > 0 || verdict.kind !== subject.report.verdict.kind)
    .sort((a, b) => rank(a) - rank(b) || b.savedBytes - a.savedBytes);
}

function singleReport(subject: Subject, { strategy, config }: SingleChange): Advice['changes'][number] {
  const { id, describe, cost, numerics } = strategy;
  const code = codeLines(strategy.id, config);
  return { strategy: id, describe, cost, ...change(subject, estimateIn(subject, config), config, numerics), code };
}

type Combination = NonNullable<Advice['cheapest']>;

function combination(subject: Subject, remedy: Remedy | undefined): Combination | undefined {
  if (remedy === undefined) return undefined;
  const report = estimateIn(subject, remedy.config);
  return {
    ...change(subject, report, remedy.config, remedy.numerics),
    config: report.config,
    memory: report.memory,
    parts: partsOf(subject.config, remedy.config),
  };
}

const changedNumbers = ({ config }: Subject, cheapest: Combination | undefined): readonly string[] =>
  cheapest === undefined || cheapest.numerics === 'same'
    ? []
    : [
        `Nothing fits in ${config.recipe.precision} with ${config.recipe.optimizer}: the cheapest combination changes more than memory.`,
      ];

/** The smallest known card that runs the code base and on which the configuration fits as it is. */
async function smallestCard({ config, counts, errorBar, effort }: Subject): Promise<string | undefined> {
  for (const device of proposedCards(config.model)) {
    await yieldToEvents();
    if (fits(effort.step({ ...config, device }, counts), { device, errorBar })) return device.name;
  }
  return undefined;
}
