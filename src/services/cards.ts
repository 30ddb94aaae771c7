/** `gc-plan cards`: the verdict on every card that is known, and what it costs to rent. */

import { flagsThatMake } from '../advise/apply.js';
import { fewestGpus } from '../advise/several-gpus.js';
import type { Config, Device, Model } from '../config/types.js';
import { InputError } from '../errors.js';
import { yieldToEvents } from '../event-loop.js';
import { counts } from '../models/counts.js';
import { codeBaseOf, layoutOf } from '../models/index.js';
import { type ResolveInput, resolverFor } from '../options/resolve.js';
import type { Flags } from '../options/typed.js';
import type { Cards } from '../reports/cards/schema.js';
import type { Estimate } from '../reports/estimate/schema.js';
import { byPrice, knownCards, proposedCards, readPrices, shippedPrices } from '../search/cards.js';
import { estimateCommand, typedFlags } from '../search/command-line.js';
import { UnsizedSteps } from '../search/unsized-step.js';
import { tool } from '../version.js';
import { errorBar } from './accuracy.js';
import { priced } from './priced.js';
import { priceRecorded, type RecordedInput, recordedCommand, recordedStep } from './recorded.js';

export interface CardsInput extends ResolveInput {
  /** A file of prices per hour by card, instead of those that ship. */
  readonly prices?: string | undefined;
  /** A table also lists the cards on which it does not fit. */
  readonly all?: boolean;
  /** How many of those that fit a table lists. */
  readonly top?: number;
}

type Row = Cards['cards'][number];

/** Of a step that was recorded; without times, which a trace does not hold. */
export async function cardsRecorded(input: RecordedInput & Pick<CardsInput, 'prices' | 'all' | 'top'>): Promise<Cards> {
  checkNoCard(input.flags);
  const step = await recordedStep(input);
  const { config, accuracy, assumptions } = step.estimate;
  const { reserveBytes } = config;
  const prices = pricesOf(input.prices);
  const rows = knownCards()
    .map((device): Row => {
      const { process, verdict } = priceRecorded(step, { device, reserveBytes, recipe: step.recipe }, step.liveness);
      const pricePerHour = prices.perHour.get(device.name);
      return {
        device,
        gpus: 1,
        verdict,
        deviceBytes: process.deviceBytes,
        range: process.range,
        ...(pricePerHour !== undefined && { pricePerHour }),
        command: recordedCommand('estimate', { ...input, flags: { ...input.flags, gpu: device.name } }),
      };
    })
    .sort(byRankAndPrice);
  return {
    schema: 'gc-plan/cards@1',
    tool: tool(),
    config,
    cards: rows,
    all: input.all ?? false,
    ...(input.top !== undefined && { top: input.top }),
    ...(rows[0]?.verdict.kind === 'fits' && { cheapest: rows[0].device.name }),
    prices: prices.about,
    accuracy,
    assumptions,
  };
}

function checkNoCard(flags: Flags): void {
  const named = ['gpu', 'vram', 'architecture'].find((flag) => flags[flag] !== undefined);
  if (named === undefined) return;
  throw new InputError('conflicting-options', `--${named}: gc-plan cards looks at every card.`, [
    `Leave --${named} out.`,
    'gc-plan estimate says it of one card.',
  ]);
}

function reasonNotProposed({ layout, ...network }: Model, others: readonly Device[]): string {
  const kernel = codeBaseOf(layout).ownKernel?.({ layout, ...network });
  const reasons = [
    ...(others.some(({ vendor }) => vendor !== 'nvidia') ? [`${layoutOf(layout).label} asks for an NVIDIA card`] : []),
    ...(kernel && others.some(({ vendor }) => vendor === 'nvidia')
      ? [`${kernel.label} does not run on older ones: ${kernel.instead}`]
      : []),
  ];
  return reasons.join('; ');
}

export async function cards(input: CardsInput): Promise<Cards> {
  checkNoCard(input.flags);
  const resolve = await resolverFor(input);
  const { model } = resolve();
  const all = knownCards();
  const proposed = proposedCards(model);
  const others = all.filter(({ name }) => !proposed.some((device) => device.name === name));
  const prices = pricesOf(input.prices);
  const steps = new UnsizedSteps();
  const rowOf = (device: Device, flags: Flags = {}) => {
    const config = resolve({ ...flags, gpu: device.name });
    return row(input, priced(config, steps.of(config)), device, flags, prices.perHour.get(device.name));
  };
  const single: Row[] = [];
  for (const device of proposed) {
    await yieldToEvents();
    single.push(rowOf(device));
  }
  const several = single.some(({ verdict }) => verdict.kind === 'fits')
    ? []
    : await severalOf(resolve, proposed, rowOf);
  const rows = [...several, ...single].sort(byRankAndPrice);
  const [first] = rows;
  const about = priced(resolve(), steps.of(resolve()));
  return {
    schema: 'gc-plan/cards@1',
    tool: tool(),
    config: about.config,
    cards: rows,
    all: input.all ?? false,
    ...(input.top !== undefined && { top: input.top }),
    ...(first?.verdict.kind === 'fits' && { cheapest: first.device.name }),
    ...(others.length > 0 && {
      notProposed: {
        cards: others.map(({ name }) => name),
        reason: reasonNotProposed(model, others),
      },
    }),
    prices: prices.about,
    accuracy: about.accuracy,
    assumptions: about.assumptions,
  };
}

const byRankAndPrice = (a: Row, b: Row): number =>
  rank(a) - rank(b) || byPrice(a.pricePerHour, b.pricePerHour) || a.device.reportedBytes - b.device.reportedBytes;

const rank = ({ verdict }: Row): number => ['fits', 'tight', 'exceeds'].indexOf(verdict.kind);

function row(
  { model, flags: typed }: CardsInput,
  { config, memory, verdict, cost, onCard }: Estimate,
  device: Device,
  flags: Flags,
  pricePerHour: number | undefined,
): Row {
  const { gpus } = config.recipe;
  const { stepTimeMs } = cost;
  const more = typedFlags(flags);
  return {
    device,
    gpus,
    verdict,
    deviceBytes: memory.deviceBytes,
    range: memory.range,
    ...(stepTimeMs !== undefined && { stepTimeMs }),
    ...(pricePerHour !== undefined && { pricePerHour }),
    ...(pricePerHour !== undefined &&
      stepTimeMs !== undefined && { pricePerThousand: pricePerHour * gpus * hoursOfThousand(config, stepTimeMs) }),
    ...(onCard?.precision !== undefined && { note: onCard.precision }),
    ...(more !== '' && { change: more }),
    command: estimateCommand(model, { ...typed, ...flags, gpu: device.name }),
  };
}

const millisecondsPerHour = 3_600_000;

/** An optimizer step is `accumulate` micro-steps. */
const hoursOfThousand = ({ recipe }: Estimate['config'], stepTimeMs: number): number =>
  (1_000 * recipe.accumulate * stepTimeMs) / millisecondsPerHour;

/** If no card is enough by itself: the fewest cards of the kind with the most memory. */
async function severalOf(
  resolve: (more: Flags) => Config,
  proposed: readonly Device[],
  rowOf: (device: Device, flags: Flags) => Row,
): Promise<readonly Row[]> {
  const device = proposed.at(-1)!;
  const on = (more: Flags) => resolve({ ...more, gpu: device.name });
  const config = on({});
  const remedy = await fewestGpus({ config, counts: counts(config.model), device, errorBar: errorBar(config) });
  return remedy === undefined ? [] : [rowOf(device, flagsThatMake(on, config.recipe, remedy.config.recipe))];
}

/** Of the user's file, else those that ship. */
export function pricesOf(file: string | undefined): {
  readonly perHour: ReadonlyMap<string, number>;
  readonly about: Cards['prices'];
} {
  if (file !== undefined) return { perHour: readPrices(file), about: { source: file, sources: [] } };
  const { prices, description, currency, sources } = shippedPrices();
  return {
    perHour: new Map(prices.map(({ gpu, perHour }) => [gpu, perHour])),
    about: { source: description, currency, sources },
  };
}
