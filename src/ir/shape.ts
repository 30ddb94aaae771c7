/**
 * Shapes in the field's symbols: `[meshEdges, batch, 3·hiddenDim]`. A shape is data, so that a report can print it, and its
 * bytes are a monomial in the dimensions, so that a search can price the same trace at other sizes without building it again.
 */
export type DimensionSymbol = string;

/** `factor · symbol`; the symbol `one` is 1. */
export interface Axis {
  readonly symbol: DimensionSymbol;
  readonly factor: number;
}

export type Shape = readonly Axis[];

/** The value of every symbol; `one` is 1. */
export type Dimensions = Readonly<Record<DimensionSymbol, number>>;

export const axis = (symbol: DimensionSymbol, factor = 1): Axis => ({ symbol, factor });

export const constant = (factor: number): Axis => ({ symbol: 'one', factor });

/** Of a node number in PyTorch. */
export const int64Bytes = 8;

export function numElements(shape: Shape, dimensions: Dimensions): number {
  let product = 1;
  for (const { symbol, factor } of shape) {
    const value = dimensions[symbol];
    if (value === undefined) throw new Error(`unknown dimension ${symbol}`);
    product *= factor * value;
  }
  return product;
}

/** `[meshEdges, batch, 3·hiddenDim]` */
export function formatShape(shape: Shape): string {
  return `[${shape
    .map(({ symbol, factor }) => (symbol === 'one' ? `${factor}` : factor === 1 ? symbol : `${factor}·${symbol}`))
    .join(', ')}]`;
}
