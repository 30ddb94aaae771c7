/** What grid, mesh and edges a model has: a shipped geometry, another one, or five numbers of a graph of one's own. */
import {
  checkGrid,
  gridName,
  isReducedGaussian,
  parseGrid,
  parseReducedGaussian,
  parseResolution,
} from '../config/grid.js';
import { maximumEdges } from '../config/limits.js';
import { shown } from '../config/nearest.js';
import type { ModelProfile } from '../config/profiles.js';
import type { Counts, Grid, GridKind, Model } from '../config/types.js';
import { InputError } from '../errors.js';
import { codeBaseOf, kindOfRowsIn, layoutOf } from '../models/index.js';
import type { Typed } from './typed.js';

/** A grid of the same resolution with or without the second pole's row. */
function withKind(grid: Grid, kind: GridKind): Grid {
  const odd = grid.latitudes % 2 === 1;
  const latitudes = kind === 'poles' ? grid.latitudes + (odd ? 0 : 1) : grid.latitudes - (odd ? 1 : 0);
  return { ...grid, latitudes, kind };
}

export function resolveGrid(profile: ModelProfile, typed: Typed): Grid {
  const { layout } = profile.model;
  const resolution = typed.text('resolution');
  const gridText = typed.text('grid');
  const kind = typed.text('grid-kind') as GridKind | undefined;
  if (resolution !== undefined && gridText !== undefined) {
    throw new InputError('conflicting-options', '--resolution and --grid both say the grid: give one of them.', [
      `--resolution ${resolution}`,
      `--grid ${gridText}`,
    ]);
  }
  if (gridText !== undefined) {
    const grid = parseGrid(gridText, kindOfRowsIn(layout));
    return kind ? { ...grid, kind } : grid;
  }
  const grid =
    resolution === undefined
      ? profile.model.grid
      : parseResolution(resolution, kindOfRowsIn(layout), profile.gridAtOneDegree);
  return kind ? withKind(grid, kind) : grid;
}

const countFlags: Readonly<Record<keyof Counts, string>> = {
  gridNodes: 'grid-nodes',
  meshNodes: 'mesh-nodes',
  meshEdges: 'mesh-edges',
  grid2meshEdges: 'grid2mesh-edges',
  mesh2gridEdges: 'mesh2grid-edges',
};

/** A typed mesh level takes the place of the profile's mesh. */
export function resolveMesh({ mesh }: Pick<Model, 'mesh'>, typed: Typed): Pick<Model, 'mesh'> {
  const text = typed.text('mesh');
  if (text === undefined) return mesh === undefined || typed.has('mesh-level') ? {} : { mesh };
  const parsed = parseReducedGaussian(text);
  if (parsed === undefined)
    throw new InputError('not-a-grid', `--mesh ${shown(text)}: must be a reduced Gaussian grid.`, [
      '--mesh o96',
      '--mesh-level 5',
    ]);
  if (typed.has('mesh-level'))
    throw new InputError('conflicting-options', '--mesh and --mesh-level both say the latent mesh: give one of them.', [
      `--mesh ${shown(text)}`,
      `--mesh-level ${typed.text('mesh-level')}`,
    ]);
  return { mesh: checkGrid(parsed, `--mesh ${shown(text)}`, '--mesh o96') };
}

/** A graph of one's own: all five numbers, or none. */
export function resolveCounts(typed: Typed): Counts | undefined {
  const flags = Object.values(countFlags);
  const missing = flags.filter((flag) => !typed.has(flag));
  if (missing.length === flags.length) return undefined;
  if (missing.length > 0)
    throw new InputError(
      'missing-counts',
      `A graph of one's own is five numbers, and ${missing.map((flag) => `--${flag}`).join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing.`,
      missing.map((flag) => `--${flag} N`),
    );
  return Object.fromEntries(Object.entries(countFlags).map(([key, flag]) => [key, typed.number(flag)])) as never;
}

/** A reduced Gaussian grid has rows of its own, and not every code base reads one. @throws InputError */
export function checkReducedGrid({ grid, layout, name }: Pick<Model, 'grid' | 'layout' | 'name'>, typed: Typed): void {
  if (!isReducedGaussian(grid)) return;
  if (typed.has('grid-kind'))
    throw new InputError(
      'conflicting-options',
      `--grid-kind: a reduced Gaussian grid (${gridName(grid)}) has rows of its own.`,
      ['Leave --grid-kind out.'],
    );
  if (layoutOf(layout).reducedGrids) return;
  throw new InputError(
    'not-in-model',
    `--grid ${gridName(grid)}: ${layoutOf(layout).label} reads latitude-longitude grids (model ${name}).`,
    [
      '--grid 181x360',
      'A graph of your own: --grid-nodes, --mesh-nodes, --mesh-edges, --grid2mesh-edges, --mesh2grid-edges',
    ],
  );
}

/** A graph is not built before it is known to be of a size that makes sense: an edge set of 10¹¹ would be a slip of the hand. @throws InputError */
export function checkEdges(model: Model): void {
  const { numEdges, set, next, maximum = maximumEdges } = codeBaseOf(model.layout).graph.roughEdges(model);
  if (numEdges <= maximum) return;
  throw new InputError(
    'too-many-edges',
    `about ${numEdges.toPrecision(2)} ${set} edges; the limit is ${maximum.toLocaleString('en-US')}.`,
    [next],
  );
}
