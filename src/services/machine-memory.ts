/** A run for which this machine has no memory would swap for hours, or be killed and other programs with it: it is not begun. */
import { totalmem } from 'node:os';
import type { Config } from '../config/types.js';
import { InputError } from '../errors.js';
import { liveness } from '../memory/liveness.js';
import { counts } from '../models/counts.js';
import { type PricedProgram, priceProgram } from '../price.js';
import { formatBytes } from '../reports/units.js';
import type { BackendChoice } from '../verify/backends/index.js';
import { atRung } from '../verify/ladder.js';

/** What it has, or what its container may take of it. */
function machineBytes(): number {
  // 0, or 2⁶⁴ less a page, where there is no limit.
  const limitBytes = process.constrainedMemory();
  return limitBytes > 0 ? Math.min(limitBytes, totalmem()) : totalmem();
}

const peakBytes = ({ trace, dimensions }: PricedProgram): number => liveness(trace, dimensions).peak.liveBytes;

/** @throws InputError that names a width that this machine can run, or the model that everyone can. */
export function requireMemory(
  config: Config,
  priced: PricedProgram,
  backend: BackendChoice,
  hasBytes = machineBytes(),
): void {
  const neededBytes = peakBytes(priced);
  // There the arrays lie on the card.
  if (backend === 'node-gpu' || neededBytes <= hasBytes) return;
  const hiddenDim = widthThatFits(config, hasBytes);
  throw new InputError(
    'more-than-memory',
    `These steps hold ${formatBytes(neededBytes)} of arrays, and this machine has ${formatBytes(hasBytes)}.`,
    [
      hiddenDim === undefined ? 'gc-plan verify tiny' : `--hidden-dim ${hiddenDim}   is the same network, and goes in`,
      '--backend node-gpu   keeps the arrays on a card',
    ],
  );
}

/** By halves, as long as the heads of an attention share it evenly. */
function widthThatFits(config: Config, hasBytes: number): number | undefined {
  const { hiddenDim, heads } = config.model;
  for (let width = hiddenDim / 2; Number.isInteger(width) && width % heads === 0; width /= 2) {
    const smaller = atRung(config, 'hiddenDim', width);
    if (peakBytes(priceProgram(smaller, counts(smaller.model))) <= hasBytes) return width;
  }
  return undefined;
}
