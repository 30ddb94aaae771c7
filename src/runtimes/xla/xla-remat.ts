/**
 * XLA's own rematerialisation. The pass runs when the arena exceeds 0.95 × (base − arguments − outputs that are not donated);
 * the base is the allocator's share of the card in a live client, and 0.8 of the card ahead of time. Exact to the byte in the
 * warnings of jaxlib 0.4.38 and 0.10.2 and in the public log of google-deepmind/weathernext issue 7.
 */
import type { XlaRematKind } from '../../memory/verdict.js';

const arenaShare = 0.95;
/**
 * Need ÷ limit. Up to the first ratio every compiled record goes into the pool (six of them, from 1.05 to 1.23); from 1.34 to 1.63 some do
 * and some end above it; from the second on, first tried at 1.91, the pass makes hundreds of small recomputations and ends far above it.
 */
export const succeedsUpTo = 1.22;
const hopelessFrom = 1.8;
/** Largest saving in the records, of 16: 0.25°, 512/16, from 92.6 to 59.6 GiB. The others save less, config A at most 19 %. */
const largestSaving = 0.36;

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
  if (temporaryBytes >= hopelessFrom * limitBytes) return { kind: 'fails', limitBytes };
  const best = Math.max(limitBytes, Math.ceil((1 - largestSaving) * temporaryBytes));
  const kind = temporaryBytes <= succeedsUpTo * limitBytes ? 'succeeds' : 'uncertain';
  return { kind, limitBytes, peakLiveBytes: residentBytes + best };
}

export function recomputationSentence({ kind, limitBytes }: XlaRemat, temporaryBytes: number): string | undefined {
  const ratio = limitBytes === 0 ? undefined : (temporaryBytes / limitBytes).toFixed(2);
  switch (kind) {
    case 'notNeeded':
      return undefined;
    case 'succeeds':
      return `It goes in only if XLA recomputes by itself: the program's temporaries are ${ratio} times XLA's limit, and every compiled step up to ${succeedsUpTo} times went in.`;
    case 'uncertain':
      return `XLA will try to recompute by itself, and that is not counted on: between ${succeedsUpTo} and ${hopelessFrom} times its limit some compiled steps went in and some did not, and this one is at ${ratio}.`;
    case 'fails':
      return ratio === undefined
        ? 'What stays on the card is too much by itself: no recomputation by XLA helps.'
        : `XLA's own recomputation does not help: no compiled step at ${hopelessFrom} times its limit or more went in, and this one is at ${ratio}.`;
  }
}
