/** A timeline's bytes by category or by module, as the layers of a stack: what every picture of it is drawn from. */
import { formatPercent, partName } from '../units.js';
import type { Explanation } from './schema.js';

/** Of an explanation, what a picture of it needs. */
export type Picture = Pick<Explanation, 'operations' | 'categories' | 'modules' | 'phases' | 'peak' | 'by'>;

export interface Layer {
  readonly name: string;
  /** One per operation. */
  readonly bytes: readonly number[];
}

/** What lives longest lies at the bottom; a layer that is always empty is left out. */
export function layersOf({ operations, categories, modules, by }: Picture): readonly Layer[] {
  const names = by === 'category' ? categories : modules.map(partName);
  return names
    .map((name, index) => ({
      name,
      bytes: operations.map(({ byCategory, byModule }) => (by === 'category' ? byCategory : byModule)[index]!),
    }))
    .filter(({ bytes }) => bytes.some((count) => count > 0));
}

export const phaseName = ({ phase, recompute }: { readonly phase: string; readonly recompute: boolean }): string =>
  recompute ? 'recompute' : phase;

/** `135 of 1106 arrays`, and how much of the peak they are. */
export function listedArrays({ groups, peak }: Pick<Explanation, 'groups' | 'peak'>): readonly [string, string] {
  const numListed = groups.reduce((sum, { count }) => sum + count, 0);
  const listedBytes = groups.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
  return [`${numListed} of ${peak.numArrays} arrays`, formatPercent(listedBytes, peak.liveBytes)];
}
