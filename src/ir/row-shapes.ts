/** Shapes of the arrays that have rows, one object per shape, so that equal shapes share their parts. */
import { type Axis, axis, type Shape } from './shape.js';
import type { EdgeSet } from './types.js';

/** The dimension that counts the edges of a set. */
export const edgeRows = (edges: EdgeSet): 'grid2meshEdges' | 'meshEdges' | 'mesh2gridEdges' => `${edges}Edges`;

const axes = new Map<string, Axis>();

function sharedAxis(symbol: string, factor: number): Axis {
  const key = `${symbol}*${factor}`;
  let found = axes.get(key);
  if (found === undefined) {
    found = axis(symbol, factor);
    axes.set(key, found);
  }
  return found;
}

const perSample = axis('batch');
const together = axis('one');
/** Of all programs: what has been found out of a shape holds for the next. */
const shapes = new Map<string, Shape>();

/** Of equal shapes one object: what has been found out of it, its name among it, is known. */
export function sharedShape(shape: Shape): Shape {
  let place = firstPlace;
  for (const { symbol, factor } of shape) place = placeAfter(place, symbol, factor);
  place.shape ??= shape;
  return place.shape;
}

interface Place {
  shape: Shape | undefined;
  /** By symbol and factor of the next axis. */
  readonly next: Map<string, Map<number, Place>>;
}

const newPlace = (): Place => ({ shape: undefined, next: new Map() });
const firstPlace = newPlace();

function placeAfter({ next }: Place, symbol: string, factor: number): Place {
  let perFactor = next.get(symbol);
  if (perFactor === undefined) {
    perFactor = new Map();
    next.set(symbol, perFactor);
  }
  let place = perFactor.get(factor);
  if (place === undefined) {
    place = newPlace();
    perFactor.set(factor, place);
  }
  return place;
}

export class RowShapes {
  private readonly countedTogether = new Set<string>();

  /** Rows that count all samples of the batch together: cut across them. */
  countTogether(rowSymbols: readonly string[]): void {
    for (const symbol of rowSymbols) this.countedTogether.add(symbol);
  }

  samplesOf(rowSymbol: string): Axis {
    return this.countedTogether.has(rowSymbol) ? together : perSample;
  }

  /** `[rows, batch, factor·columns]` */
  of(rowSymbol: string, columnSymbol: string, columnFactor: number): Shape {
    const samples = this.samplesOf(rowSymbol);
    const key = `${rowSymbol}|${samples.symbol}|${columnSymbol}|${columnFactor}`;
    let shape = shapes.get(key);
    if (shape === undefined) {
      shape = [sharedAxis(rowSymbol, 1), samples, sharedAxis(columnSymbol, columnFactor)];
      shapes.set(key, shape);
    }
    return shape;
  }
}

/** Symbols of how PyTorch's memory-efficient attention pads rows: a code base that attends over rows gives their values. */
/** Rows in whole blocks, as its log-sum-exp has them. */
export const inBlocksOf32 = (rows: string): string => `${rows}InBlocksOf32`;
/** Columns of a bias, whose rows start at multiples of 8 numbers; and those that are copied to get there: all or none. */
export const inBlocksOf8 = (rows: string): string => `${rows}InBlocksOf8`;
export const offBlocksOf8 = (rows: string): string => `${rows}OffBlocksOf8`;
