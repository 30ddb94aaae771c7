/** Tensor shapes with symbolic sizes: what the engine needs to know of a tensor to count its bytes. */
import { type Axis, axis, type Dimensions, type Shape } from '../../ir/shape.js';

/** A product of axes; the empty product is 1. */
export type Dimension = readonly Axis[];
export type TensorShape = readonly Dimension[];

const one: Dimension = [];
export const scalarShape: TensorShape = [];

const isUnit = ({ symbol, factor }: Axis) => symbol === 'one' && factor === 1;

const keyOf = (dimension: Dimension): string => dimension.map(({ symbol, factor }) => `${factor}${symbol}`).join('·');
export const shapeKey = (shape: TensorShape): string => shape.map(keyOf).join(',');

const isOne = (dimension: Dimension): boolean => dimension.length === 0;

/**
 * How a value of the program lies in a tensor: `[rows, batch, columns]` as `[rows · batch, columns]` (the graphs of a batch are
 * one graph with `batch` parts), a parameter as it is, a scalar without axes.
 */
export function tensorShape(shape: Shape): TensorShape {
  if (shape.every(isUnit)) return scalarShape;
  const dimension = (...axes: readonly Axis[]) => axes.filter((each) => !isUnit(each));
  const [rows, batch, columns] = shape;
  return columns === undefined ? shape.map((each) => dimension(each)) : [dimension(rows!, batch!), dimension(columns)];
}

/** The axes of a tensor in one row, as a trace's layout holds them. */
export function flatShape(shape: TensorShape): Shape {
  const axes = shape.flat();
  return axes.length === 0 ? [axis('one')] : axes;
}

export function broadcast(a: TensorShape, b: TensorShape): TensorShape {
  if (a === b) return a;
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const offset = long.length - short.length;
  if (long.every((dimension, i) => !isOne(dimension) || isOne(short[i - offset] ?? one))) return long;
  return long.map((dimension, i) => {
    const other = short[i - offset] ?? one;
    return isOne(dimension) ? other : dimension;
  });
}

/** The axes of `whole` along which `part` was repeated. */
export function repeatedAxes(part: TensorShape, whole: TensorShape): number[] {
  const offset = whole.length - part.length;
  return [...whole.keys()].filter((i) => i < offset || (isOne(part[i - offset]!) && !isOne(whole[i]!)));
}

export function reduced(shape: TensorShape, axes: readonly number[], keepDims: boolean): TensorShape {
  return keepDims
    ? shape.map((dimension, i) => (axes.includes(i) ? one : dimension))
    : shape.filter((_, i) => !axes.includes(i));
}

const sumSeparator = '+';

/** Joined along rows. A sum of row counts is no product of symbols: it gets a symbol of its own, which `sumsOfRows` values. */
function joinedRows(dimensions: readonly Dimension[]): Dimension {
  const [first] = dimensions;
  const symbols = dimensions.map((dimension) => dimension[0]!.symbol);
  return [axis(symbols.toSorted().join(sumSeparator)), ...first!.slice(1)];
}

/** Joined along columns: multiples of one symbol, prediction and forcings (one input row together), or a node's row and edge features. */
function joinedColumns(dimensions: readonly Dimension[]): Dimension {
  const axes = dimensions.map((dimension) => dimension[0] ?? axis('one'));
  if (axes.some(({ symbol }) => symbol === forcingChannels)) return [axis('inputChannels')];
  if (axes.at(-1)!.symbol === 'one') return [axis('nodeAndEdgeFeatures')];
  return [
    axis(
      axes[0]!.symbol,
      axes.reduce((sum, { factor }) => sum + factor, 0),
    ),
  ];
}

export const forcingChannels = 'forcingChannels';

export const forcingDimensions = ({ inputChannels, outputChannels }: Dimensions): Dimensions => ({
  [forcingChannels]: Math.max(0, inputChannels! - outputChannels!),
});

export function concatenated(shapes: readonly TensorShape[], along: 0 | 1): TensorShape {
  const joined = (along === 0 ? joinedRows : joinedColumns)(shapes.map((shape) => shape[along]!));
  return shapes[0]!.map((dimension, i) => (i === along ? joined : dimension));
}

/** Values of the symbols that joining a segment's outputs can make: grid nodes, mesh edges (state, messages) and mesh nodes. */
export function sumsOfRows(base: Dimensions): Dimensions {
  const rows = ['gridNodes', 'meshEdges', 'meshEdges', 'meshNodes'];
  const sums: Record<string, number> = {};
  for (let subset = 0; subset < 2 ** rows.length; subset++) {
    const chosen = rows.filter((_, i) => (subset >> i) & 1);
    if (chosen.length > 1) sums[chosen.join(sumSeparator)] = chosen.reduce((sum, name) => sum + base[name]!, 0);
  }
  return sums;
}
