/**
 * Bytes, parameters and FLOPs as sums of monomials in the dimension symbols: a structure is analysed once, then priced at a
 * hundred thousand sizes by dot products.
 */
import type { Dimensions, Shape } from '../ir/shape.js';

/** Coefficient per monomial of a basis. */
export type Coefficients = Float64Array;

const width = 'hiddenDim';
/** Parameters of a width-wide layer over width-wide inputs are the highest. */
const maxPower = 2;
export const numPowers = maxPower + 1;

/** The distinct products of symbols that one structure's arrays have, e.g. `batch·hiddenDim·meshEdges`. */
export class Basis {
  private readonly indices = new Map<string, number>();
  private readonly indexOfShape = new Map<Shape, number>();
  private readonly symbols: string[] = [];
  /** Per monomial: indices into `symbols`, the width not among them. */
  private readonly factors: (readonly number[])[] = [];
  /** Per monomial: how often the width is a factor. */
  private readonly powers: number[] = [];

  get size(): number {
    return this.factors.length;
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

  powerOfWidth(monomial: number): number {
    return this.powers[monomial]!;
  }

  /** Of each monomial, the width's power left out. */
  valuesWithoutWidth(dimensions: Dimensions): Float64Array {
    const symbolValues = this.symbols.map((symbol) => {
      const value = dimensions[symbol];
      if (value === undefined) throw new Error(`unknown dimension ${symbol}`);
      return value;
    });
    const values = new Float64Array(this.factors.length);
    for (let i = 0; i < values.length; i++) {
      let product = 1;
      for (const symbol of this.factors[i]!) product *= symbolValues[symbol]!;
      values[i] = product;
    }
    return values;
  }

  private indexOfSymbols(symbols: readonly string[]): number {
    const sorted = symbols.filter((symbol) => symbol !== 'one').sort();
    const key = sorted.join('·');
    let index = this.indices.get(key);
    if (index === undefined) {
      const others = sorted.filter((symbol) => symbol !== width);
      index = this.factors.push(others.map((symbol) => this.indexOfSymbol(symbol))) - 1;
      const power = sorted.length - others.length;
      if (power > maxPower) throw new Error(`the width to the power of ${power} in ${key}`);
      this.powers.push(power);
      this.indices.set(key, index);
    }
    return index;
  }

  private indexOfSymbol(symbol: string): number {
    const found = this.symbols.indexOf(symbol);
    return found >= 0 ? found : this.symbols.push(symbol) - 1;
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

/** At given rows, batch and channels: the coefficient of each power of the width. */
export type InWidth = Float64Array;

/** `dimensions` apart from the width, which stays a variable. */
export function inWidth(
  basis: Basis,
  polynomials: readonly Coefficients[],
  dimensions: Dimensions,
): readonly InWidth[] {
  const values = basis.valuesWithoutWidth(dimensions);
  return polynomials.map((coefficients) => {
    const powers = new Float64Array(numPowers);
    for (let i = 0; i < coefficients.length; i++) powers[basis.powerOfWidth(i)]! += coefficients[i]! * values[i]!;
    return powers;
  });
}

export const evaluate = (powers: InWidth, width: number): number =>
  powers[0]! + width * (powers[1]! + width * powers[2]!);
