/** The sizes through which a model grows: width and depth at most doubled, one at a time, cheapest path first. */
import { shown } from '../config/nearest.js';
import { InputError } from '../errors.js';
import { findOption, parseOption } from '../options/option-values.js';

export interface Size {
  readonly hiddenDim: number;
  readonly layers: number;
}

export type Growth = 'start' | 'widen' | 'deepen';

/** A size, and how it was reached. */
export interface GrownSize extends Size {
  readonly growth: Growth;
}

/** From the first size to the last, doubling; the last one may grow by less. */
function doublings(from: number, to: number): readonly number[] {
  const sizes = [from];
  while (sizes.at(-1)! < to) sizes.push(Math.min(2 * sizes.at(-1)!, to));
  return sizes;
}

/** Every path of one doubling at a time has as many stages. */
export const numStages = (from: Size, to: Size): number =>
  doublings(from.hiddenDim, to.hiddenDim).length + doublings(from.layers, to.layers).length - 1;

export type PathOrder = 'cheapest' | 'depth first' | 'width first' | 'both at once' | 'goal alone';

/** The orders that have a name, those that differ; `goal alone` is what growing is held against. */
export function fixedPaths(
  from: Size,
  to: Size,
): readonly { readonly order: PathOrder; readonly sizes: readonly Size[] }[] {
  const widths = doublings(from.hiddenDim, to.hiddenDim);
  const depths = doublings(from.layers, to.layers);
  const at = (w: number, d: number): Size => ({
    hiddenDim: widths[Math.min(w, widths.length - 1)]!,
    layers: depths[Math.min(d, depths.length - 1)]!,
  });
  const range = (length: number) => Array.from({ length }, (_, index) => index);
  const paths = [
    {
      order: 'depth first' as const,
      sizes: [
        ...range(depths.length).map((d) => at(0, d)),
        ...range(widths.length - 1).map((w) => at(w + 1, depths.length)),
      ],
    },
    {
      order: 'width first' as const,
      sizes: [
        ...range(widths.length).map((w) => at(w, 0)),
        ...range(depths.length - 1).map((d) => at(widths.length, d + 1)),
      ],
    },
    {
      order: 'both at once' as const,
      sizes: range(Math.max(widths.length, depths.length)).map((step) => at(step, step)),
    },
    { order: 'goal alone' as const, sizes: [to] },
  ];
  const names = paths.map(({ sizes }) => JSON.stringify(sizes));
  return paths.filter((_, index) => names.indexOf(names[index]!) === index);
}

/** @throws InputError where there are neither one nor as many as stages. */
export function parseUpdates(typed: string, stages: number): readonly number[] {
  const updates = typed.split(',').map((each) => (/^\d{1,9}$/.test(each.trim()) ? Number(each) : 0));
  if (updates.every((each) => each > 0)) {
    if (updates.length === stages) return updates;
    if (updates.length === 1) return Array.from({ length: stages }, () => updates[0]!);
  }
  throw new InputError(
    'wrong-updates',
    `--updates ${shown(typed)}: must be one number of at least 1, or one for each of the plan’s ${stages} stages, with commas between them.`,
    [`--updates ${Array.from({ length: stages }, (_, index) => (index === stages - 1 ? 5000 : 1000)).join(',')}`],
  );
}

/**
 * The path of doublings whose stages together cost least, by `costOf` (FLOPs of a sample) times their updates: earlier stages should be
 * cheap. Where two cost the same: widen first.
 */
export function growthPath(
  from: Size,
  to: Size,
  costOf: (size: Size) => number,
  updates?: readonly number[],
): readonly GrownSize[] {
  const widths = doublings(from.hiddenDim, to.hiddenDim);
  const depths = doublings(from.layers, to.layers);
  const best: { cost: number; growth: Growth }[][] = widths.map(() => []);
  for (const [w, hiddenDim] of widths.entries()) {
    for (const [d, layers] of depths.entries()) {
      const own = costOf({ hiddenDim, layers }) * (updates?.[w + d] ?? 1);
      const widened = w > 0 ? best[w - 1]![d]!.cost : Number.POSITIVE_INFINITY;
      const deepened = d > 0 ? best[w]![d - 1]!.cost : Number.POSITIVE_INFINITY;
      const growth = w === 0 && d === 0 ? 'start' : w === 0 || (d > 0 && deepened <= widened) ? 'deepen' : 'widen';
      best[w]![d] = { cost: own + (growth === 'start' ? 0 : Math.min(widened, deepened)), growth };
    }
  }
  const path: GrownSize[] = [];
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
