/** The cards of a sweep, cheapest first. */
import { cardNamed } from '../config/cards.js';
import { deviceOf } from '../config/device.js';
import { shown } from '../config/nearest.js';
import { loadDevice, type PriceList, profileNames, readProfile } from '../config/profiles.js';
import { readStrictJson } from '../config/strict-json.js';
import type { Device } from '../config/types.js';
import { InputError } from '../errors.js';
import type { Network } from '../models/code-base.js';
import { codeBaseOf } from '../models/index.js';
import type { Flags } from '../options/typed.js';

/** The flags that name one card, and its price where the user has one. */
export interface CardChoice {
  readonly flags: Flags;
  readonly pricePerHour?: number;
}

/** Every card we know, smallest first. */
export const knownCards = (): readonly Device[] =>
  profileNames('gpus')
    .map(deviceOf)
    .sort((a, b) => a.reportedBytes - b.reportedBytes);

/** Those that a model's own code runs on. */
export function proposedCards(network: Network): readonly Device[] {
  const { needsNvidia = false, ownKernel } = codeBaseOf(network.layout);
  const oldest = ownKernel?.(network)?.oldestComputeCapability ?? 0;
  return knownCards().filter(({ vendor, computeCapability }) =>
    vendor === 'nvidia' ? computeCapability >= oldest : !needsNvidia,
  );
}

/** `{"a100-40gb": 1.29, …}`, in any currency, per hour. */
export function readPrices(path: string): ReadonlyMap<string, number> {
  const value = readStrictJson(path);
  const refuse = (what: string) =>
    new InputError('invalid-prices', `${shown(path)}: ${what}.`, ['{"a100-40gb": 1.29, "l40s": 0.99}']);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse('must be one object, from the name of a card to its price per hour');
  return new Map(
    Object.entries(value).map(([name, price]) => {
      if (typeof price !== 'number' || !(price >= 0))
        throw refuse(`the price of ${name} must be a number of at least 0`);
      return [cardNamed(name), price];
    }),
  );
}

/** What ships: dated list prices. */
export const shippedPrices = (): PriceList => readProfile<PriceList>('prices', 'on-demand');

/** Cards without a price come last. */
export const byPrice = (a: number | undefined, b: number | undefined): number =>
  a === b ? 0 : (a ?? Number.MAX_VALUE) - (b ?? Number.MAX_VALUE);

/** By price where there is one, then by memory; without a list of names the flags as they are. */
export function cardChoices(flags: Flags, pricesFile: string | undefined): readonly CardChoice[] {
  const { gpu } = flags;
  const prices = pricesFile === undefined ? undefined : readPrices(pricesFile);
  if (typeof gpu !== 'string' || (!gpu.includes(',') && prices === undefined)) return [{ flags }];
  const names = [...new Set(gpu.split(',').map(cardNamed))];
  const cards = names.map((name) => ({ device: loadDevice(name), price: prices?.get(name) }));
  cards.sort((a, b) => byPrice(a.price, b.price) || a.device.reportedBytes - b.device.reportedBytes);
  return cards.map(({ device, price }) => ({
    flags: { ...flags, gpu: device.name },
    ...(price !== undefined && { pricePerHour: price }),
  }));
}
