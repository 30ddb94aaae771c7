/**
 * XLA's own rematerialisation. The pass runs when the arena exceeds 0.95 × (base − arguments − outputs that are not donated);
 * the base is the allocator's share of the card in a live client, and 0.8 of the card ahead of time. Exact to the byte in the
 * warnings of jaxlib 0.4.38 and 0.10.2 and in the public log of google-deepmind/weathernext issue 7.
 */
import type { XlaRematKind } from '../../memory/verdict.js';

const arenaShare = 0.95;
/** Largest saving in the records, of 16: 0.25°, 512/16, from 92.6 to 59.6 GiB. The others save less, config A at most 19 %. */
const largestSaving = 0.36;
/** From here on the pass is known to make hundreds of small recomputations and to end higher: need ÷ limit of 1.8 and more. */
const hopelessRatio = 1.8;

export interface XlaRemat {
  readonly kind: XlaRematKind;
  /** What the arena may take without recomputation. */
  readonly limitBytes: number;
  /** Arguments and arena if the pass does as well as it ever did; absent where it is not needed or known to fail. */
  readonly peakLiveBytes?: number;
}

export function xlaRemat(baseBytes: number, residentBytes: number, temporaryBytes: number): XlaRemat {
  const limitBytes = Math.max(0, Math.floor(arenaShare * (baseBytes - residentBytes)));
  if (temporaryBytes <= limitBytes) return { kind: 'notNeeded', limitBytes };
  if (temporaryBytes >= hopelessRatio * limitBytes) return { kind: 'fails', limitBytes };
  const best = Math.max(limitBytes, Math.ceil((1 - largestSaving) * temporaryBytes));
  return { kind: 'uncertain', limitBytes, peakLiveBytes: residentBytes + best };
}
