/** Bytes on the device, context and libraries included, from what the step needs at least to what it may take. */
export interface BytesRange {
  readonly lowBytes: number;
  readonly highBytes: number;
}

export interface Card {
  /** Size on the box. */
  readonly nominalBytes: number;
  readonly usableBytes: number;
}

/** XLA's own recomputation when the program is too large for the card, as in the report's `xlaRemat`. */
export type XlaRematKind = 'notNeeded' | 'succeeds' | 'fails' | 'uncertain';

interface Shortfall {
  readonly nominalBytes: number;
  readonly usableBytes: number;
  /** What is missing until it fits. */
  readonly shortfallBytes: number;
}

export type Verdict =
  | {
      readonly kind: 'fits';
      readonly nominalBytes: number;
      readonly usableBytes: number;
      readonly headroomBytes: number;
    }
  | (Shortfall & { readonly kind: 'tight' })
  | (Shortfall & { readonly kind: 'exceeds' })
  | { readonly kind: 'unknown' };

/**
 * `tight`: the central number goes in and the upper end does not, or PyTorch runs it by flushing, or XLA by recomputing as it was seen to.
 * `runsFromBytes`: with how much of the card, see `ProcessMemory`.
 */
export function verdictOf({ range, runsFromBytes }: Needed, card: Card | null): Verdict {
  if (card === null) return { kind: 'unknown' };
  const { nominalBytes, usableBytes } = card;
  const headroomBytes = usableBytes - range.highBytes;
  if (headroomBytes >= 0) return { kind: 'fits', nominalBytes, usableBytes, headroomBytes };
  const kind = runsFromBytes <= usableBytes ? 'tight' : 'exceeds';
  return { kind, nominalBytes, usableBytes, shortfallBytes: -headroomBytes };
}

interface Needed {
  readonly range: BytesRange;
  readonly runsFromBytes: number;
}
