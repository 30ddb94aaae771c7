/**
 * Bytes, parameters and FLOPs as sums of monomials in the dimension symbols: a structure is analysed once, then priced at a
 * hundred thousand sizes by dot products.
 */
import type { Dimensions, Shape } from '../program/shape.js';

/** Coefficient per monomial of a basis. */
export type Coefficients = Float64Array;

/** The distinct products of symbols that one structure's arrays have, e.g. `batch·hiddenDim·meshEdges`. */
export class Basis {
  private readonly indices = new Map<string, number>();
  private readonly monomials: (readonly string[])[] = [];
  private readonly indexOfShape = new Map<Shape, number>();

  get size(): number {
    return this.monomials.length;
  }

  /** Index of the monomial whose value, times the shape's constant factor, is the shape's number of elements. */
  indexOf(shape: Shape): number {
    let index = this.indexOfShape.get(shape);
    if (index === undefined) {
      index = this.indexOfSymbols(shape.map(({ symbol }) => symbol));
      this.indexOfShape.set(shape, index);
    }
    return index;
  }

  values(dimensions: Dimensions): Float64Array {
    const values = new Float64Array(this.monomials.length);
    for (const [index, symbols] of this.monomials.entries()) {
      let product = 1;
      for (const symbol of symbols) {
        const value = dimensions[symbol];
        if (value === undefined) throw new Error(`unknown dimension ${symbol}`);
        product *= value;
      }
      values[index] = product;
    }
    return values;
  }

  private indexOfSymbols(symbols: readonly string[]): number {
    const sorted = symbols.filter((symbol) => symbol !== 'one').sort();
    const key = sorted.join('·');
    let index = this.indices.get(key);
    if (index === undefined) {
      index = this.monomials.push(sorted) - 1;
      this.indices.set(key, index);
    }
    return index;
  }
}

export function constantFactor(shape: Shape): number {
  let product = 1;
  for (const { factor } of shape) product *= factor;
  return product;
}

/** Sum of shapes, each times a weight. */
export function polynomial(basis: Basis, terms: readonly (readonly [shape: Shape, weight: number])[]): Coefficients {
  const indexed = terms.map(([shape, weight]) => [basis.indexOf(shape), constantFactor(shape) * weight] as const);
  const coefficients = new Float64Array(basis.size);
  for (const [index, weight] of indexed) coefficients[index]! += weight;
  return coefficients;
}

/** `values` may have more entries than the polynomial: the basis grew after it. */
export function evaluate(coefficients: Coefficients, values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < coefficients.length; i++) sum += coefficients[i]! * values[i]!;
  return sum;
}
