/**
 * `--require`: comparisons joined by `and`, `or` and parentheses, e.g. `batch>=4 and (layers<=24 or parameters<20M)`. Nothing is
 * ever executed; a comma is an `and`.
 */
import { nearest, shown } from '../config/nearest.js';
import { InputError } from '../errors.js';
import type { SizedCandidate } from './candidate-verdict.js';

export type Requirement = (candidate: SizedCandidate) => boolean;

/** As typed; plain data. */
export interface Limits {
  readonly require?: string;
  readonly maxParameters?: number;
  /** In costs of `referenceSampleFlops`. */
  readonly maxStepCost?: number;
  /** FLOPs of one sample of the model as its profile has it. */
  readonly referenceSampleFlops: number;
}

export function requirementOf(limits: Limits | undefined): Requirement {
  if (limits === undefined) return () => true;
  const { require, maxParameters, maxStepCost, referenceSampleFlops } = limits;
  const typed = require === undefined ? () => true : parseRequirement(require, referenceSampleFlops);
  const mostParameters = maxParameters ?? Number.POSITIVE_INFINITY;
  const mostFlops = (maxStepCost ?? Number.POSITIVE_INFINITY) * referenceSampleFlops;
  return (candidate) =>
    candidate.parameters <= mostParameters && candidate.sampleFlops <= mostFlops && typed(candidate);
}

const numericTerms = (referenceSampleFlops: number): Readonly<Record<string, (of: SizedCandidate) => number>> => ({
  'hidden-dim': ({ config }) => config.model.hiddenDim,
  layers: ({ config }) => config.model.layers,
  'mesh-level': ({ config }) => config.model.meshLevel,
  'mlp-hidden-layers': ({ config }) => config.model.mlpHiddenLayers,
  batch: ({ config }) => config.recipe.batchSize,
  accumulate: ({ config }) => config.recipe.accumulate,
  rollout: ({ config }) => config.recipe.rolloutSteps,
  gpus: ({ config }) => config.recipe.gpus,
  parameters: ({ parameters }) => parameters,
  'step-cost': ({ sampleFlops }) => sampleFlops / referenceSampleFlops,
  'recompute-fraction': ({ recomputedSampleFlops, sampleFlops }) => recomputedSampleFlops / sampleFlops,
});

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
};

const suffixes: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, b: 1e9 };

/** `20M` is twenty million. */
export function parseQuantity(text: string, flag: string): number {
  const match = /^(\d+\.?\d*|\.\d+)([kmgb]?)$/i.exec(text.trim());
  const value = match ? Number(match[1]) * suffixes[match[2]!.toLowerCase()]! : 0;
  if (value > 0) return value;
  throw new InputError('not-a-quantity', `${flag} ${shown(text)}: must be a number above 0, K, M or G behind it.`, [
    `${flag} 20M`,
  ]);
}

const maximumLength = 1_000;
const token = /\s*(?:(>=|<=|!=|==|>|<|=|\(|\)|,|&&|\|\|)|([a-z][a-z-]*)|(\d+\.?\d*[kmgb]?))/giy;

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.trimEnd().length) {
    const start = token.lastIndex;
    const match = token.exec(text);
    if (!match) throw invalid(text, `not understood from ${shown(text.slice(start))}`);
    tokens.push((match[1] ?? match[2] ?? match[3])!.toLowerCase());
  }
  return tokens;
}

const invalid = (text: string, reason: string): InputError =>
  new InputError('invalid-requirement', `--require ${shown(text)}: ${reason}.`, [
    "--require 'batch>=4'",
    "--require 'layers<=24 and parameters<20M'",
  ]);

function parseRequirement(text: string, referenceSampleFlops: number): Requirement {
  if (text.length > maximumLength) throw invalid(text, `longer than ${maximumLength} characters`);
  const terms = numericTerms(referenceSampleFlops);
  const tokens = tokensOf(text);
  let position = 0;
  const take = (...expected: readonly string[]): boolean => {
    if (!expected.includes(tokens[position] ?? '')) return false;
    position++;
    return true;
  };

  const operand = (): ((of: SizedCandidate) => number) => {
    const name = tokens[position++];
    if (name === undefined) throw invalid(text, 'ends where a name or a number is expected');
    if (/^\d/.test(name)) {
      const value = parseQuantity(name, '--require');
      return () => value;
    }
    const term = Object.hasOwn(terms, name) ? terms[name] : undefined;
    if (term) return term;
    throw new InputError('unknown-term', `--require ${shown(text)}: there is no ${shown(name)} to compare.`, [
      `Nearest: ${nearest(name, Object.keys(terms)).join(', ')}`,
    ]);
  };
  const comparison = (): Requirement => {
    if (take('(')) {
      const inner = alternatives();
      if (!take(')')) throw invalid(text, 'a parenthesis is not closed');
      return inner;
    }
    const left = operand();
    const compare = Object.hasOwn(comparisons, tokens[position] ?? '') ? comparisons[tokens[position++]!] : undefined;
    if (!compare) throw invalid(text, 'a comparison such as >= is missing');
    const right = operand();
    return (candidate) => compare(left(candidate), right(candidate));
  };
  const conjunction = (): Requirement => {
    const parts = [comparison()];
    while (take('and', '&&', ',')) parts.push(comparison());
    return (candidate) => parts.every((part) => part(candidate));
  };
  const alternatives = (): Requirement => {
    const parts = [conjunction()];
    while (take('or', '||')) parts.push(conjunction());
    return (candidate) => parts.some((part) => part(candidate));
  };

  const requirement = alternatives();
  if (position < tokens.length) throw invalid(text, `not understood from ${shown(tokens[position]!)}`);
  return requirement;
}
