/** The sizes through which a model grows: width and depth at most doubled, one at a time, cheapest path first. */
import { shown } from '../config/nearest.js';
import { InputError } from '../errors.js';
import { findOption, parseOption } from '../options/option-values.js';

export interface Size {
  readonly hiddenDim: number;
  readonly layers: number;
}

export type Growth = 'start' | 'widen' | 'deepen';

export interface GrowthStep extends Size {
  readonly growth: Growth;
}

/** From the first size to the last, doubling; the last step may be shorter. */
function doublings(from: number, to: number): readonly number[] {
  const steps = [from];
  while (steps.at(-1)! < to) steps.push(Math.min(2 * steps.at(-1)!, to));
  return steps;
}

/**
 * The path of doublings whose stages together cost least, by `costOf` (FLOPs of a sample): earlier stages should be cheap.
 * Where two cost the same: widen first.
 */
export function growthPath(from: Size, to: Size, costOf: (size: Size) => number): readonly GrowthStep[] {
  const widths = doublings(from.hiddenDim, to.hiddenDim);
  const depths = doublings(from.layers, to.layers);
  const best: { cost: number; growth: Growth }[][] = widths.map(() => []);
  for (const [w, hiddenDim] of widths.entries()) {
    for (const [d, layers] of depths.entries()) {
      const own = costOf({ hiddenDim, layers });
      const widened = w > 0 ? best[w - 1]![d]!.cost : Number.POSITIVE_INFINITY;
      const deepened = d > 0 ? best[w]![d - 1]!.cost : Number.POSITIVE_INFINITY;
      const growth = w === 0 && d === 0 ? 'start' : w === 0 || (d > 0 && deepened <= widened) ? 'deepen' : 'widen';
      best[w]![d] = { cost: own + (growth === 'start' ? 0 : Math.min(widened, deepened)), growth };
    }
  }
  const path: GrowthStep[] = [];
  let w = widths.length - 1;
  let d = depths.length - 1;
  for (;;) {
    const { growth } = best[w]![d]!;
    path.unshift({ hiddenDim: widths[w]!, layers: depths[d]!, growth });
    if (growth === 'start') return path;
    if (growth === 'widen') w--;
    else d--;
  }
}

function parseSize(text: string, flag: string): Size {
  const [hiddenDim, layers, ...rest] = text.split('/');
  if (hiddenDim === undefined || layers === undefined || rest.length > 0) {
    throw new InputError('not-a-size', `${flag} ${shown(text)}: must be HIDDEN-DIM/LAYERS.`, [`${flag} 256/8`]);
  }
  return {
    hiddenDim: Number(parseOption(findOption('hidden-dim'), hiddenDim)),
    layers: Number(parseOption(findOption('layers'), layers)),
  };
}

export function parseGrowth(fromText: string, toText: string): { readonly from: Size; readonly to: Size } {
  const from = parseSize(fromText, '--from');
  const to = parseSize(toText, '--to');
  if (from.hiddenDim <= to.hiddenDim && from.layers <= to.layers) return { from, to };
  throw new InputError('shrinking-plan', `--from ${fromText} --to ${toText}: a plan grows, in width and in depth.`, [
    `--from ${toText} --to ${fromText}`,
  ]);
}
