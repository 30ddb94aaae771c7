/**
 * The exact upper envelope of a step's live bytes. Which arrays are alive at an event does not depend on sizes, so that the live
 * bytes there are a polynomial with non-negative coefficients; one whose every coefficient is reached by another's is never the peak.
 */

import type { Dimensions } from '../ir/shape.js';
import type { Trace } from '../memory/trace.js';
import { Basis, type Coefficients, constantFactor, evaluate, type InWidth, inWidth, numPowers } from './polynomial.js';

export interface Envelope {
  readonly basis: Basis;
  /** Peak of the last step at any size = the largest of these polynomials there. */
  readonly maxima: readonly Coefficients[];
}

/**
 * Above so many, going through the events again at every size is cheaper than comparing each top with all maxima: hundreds of blocks of
 * edges, each with rows of its own, make hundreds of polynomials of which none is reached by another.
 */
const mostMaxima = 256;

/** `undefined`: there are too many; `envelopeAtSize` has them for given rows. */
export function liveEnvelope(trace: Trace): Envelope | undefined {
  const basis = new Basis();
  const { indices, bytes } = layoutsIn(trace, basis);
  const maxima = maximaOf(trace, { indices, bytes, size: basis.size, most: mostMaxima });
  return maxima && { basis, maxima: withoutMidpoints(maxima) };
}

/** Powers of the width at given rows, batch and channels. */
export function envelopeAtSize(trace: Trace, dimensions: Dimensions): readonly InWidth[] {
  const basis = new Basis();
  const { indices, bytes } = layoutsIn(trace, basis);
  const values = basis.valuesWithoutWidth(dimensions);
  return maximaOf(trace, {
    indices: indices.map((monomial) => basis.powerOfWidth(monomial)),
    bytes: bytes.map((each, layout) => each * values[indices[layout]!]!),
    size: numPowers,
    most: Number.POSITIVE_INFINITY,
  })!;
}

/** Of each layout: which coefficient it adds to, and how many bytes per unit. */
interface Layouts {
  readonly indices: readonly number[];
  readonly bytes: readonly number[];
}

const layoutsIn = ({ layouts }: Trace, basis: Basis): Layouts => ({
  indices: layouts.map(({ shape }) => basis.indexOf(shape)),
  bytes: layouts.map(({ shape, elementBytes }) => constantFactor(shape) * elementBytes),
});

function maximaOf(
  { events, bufferLayout, lastStepFirstEvent }: Trace,
  { indices, bytes, size, most }: Layouts & { readonly size: number; readonly most: number },
): readonly Float64Array[] | undefined {
  const live = new Float64Array(size);
  const maxima: Float64Array[] = [];
  for (let i = 0; i < events.length; i++) {
    const event = events[i]!;
    const layout = bufferLayout[Math.abs(event) - 1]!;
    live[indices[layout]!]! += event > 0 ? bytes[layout]! : -bytes[layout]!;
    // Between two allocations the later one is at least as high, after a free nothing is: only where allocations end.
    const isTop = event > 0 ? !(events[i + 1]! > 0) : i === lastStepFirstEvent;
    if (isTop && i >= lastStepFirstEvent) addMaximum(maxima, live);
    if (maxima.length > most) return undefined;
  }
  return maxima;
}

/**
 * Layer after layer the same arrays come and go, so that most maxima lie half way between an earlier and a later one, or below. All of
 * those go at once: of the maxima that are largest at some size the earliest is never half way between two others.
 */
function withoutMidpoints(maxima: readonly Float64Array[]): readonly Float64Array[] {
  return maxima.filter((maximum, index) => {
    for (let distance = 1; distance <= index && index + distance < maxima.length; distance++) {
      if (isBelowMiddle(maximum, maxima[index - distance]!, maxima[index + distance]!)) return false;
    }
    return true;
  });
}

function isBelowMiddle(maximum: Float64Array, earlier: Float64Array, later: Float64Array): boolean {
  for (let i = 0; i < maximum.length; i++) if (2 * maximum[i]! > earlier[i]! + later[i]!) return false;
  return true;
}

/** Keeps `maxima` free of polynomials that another one dominates. */
function addMaximum(maxima: Float64Array[], candidate: Float64Array): void {
  // The last that was added is the likeliest to dominate.
  for (let i = maxima.length - 1; i >= 0; i--) if (dominates(maxima[i]!, candidate)) return;
  let kept = 0;
  for (const maximum of maxima) if (!dominates(candidate, maximum)) maxima[kept++] = maximum;
  maxima.length = kept;
  maxima.push(candidate.slice());
}

function dominates(upper: Float64Array, lower: Float64Array): boolean {
  for (let i = 0; i < upper.length; i++) if (upper[i]! < lower[i]!) return false;
  return true;
}

/** Powers of the width, of those polynomials that are the largest at some width. */
export function envelopeInWidth({ basis, maxima }: Envelope, dimensions: Dimensions): readonly InWidth[] {
  const kept: Float64Array[] = [];
  for (const maximum of inWidth(basis, maxima, dimensions)) addMaximum(kept, maximum);
  return kept;
}

export function peakAt(envelope: readonly InWidth[], width: number): number {
  let peak = 0;
  for (const maximum of envelope) peak = Math.max(peak, evaluate(maximum, width));
  return peak;
}
