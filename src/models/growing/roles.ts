/** Roles of the arrays of MLPs: Linear, (activation, Linear) × hidden layers, LayerNorm where there is one. */
import type { ArrayRole, AxisRole, CheckpointLayout, StoredArray } from './types.js';

export const fixed: AxisRole = { units: 'fixed' };
export const stream: AxisRole = { units: 'stream' };
export const bare: AxisRole = { units: 'bare' };
export const hidden: AxisRole = { units: 'hidden' };
export const heads: AxisRole = { units: 'heads' };
export const readsStream: AxisRole = { units: 'stream', reads: true };
export const readsHidden: AxisRole = { units: 'hidden', reads: true };
export const readsHeads: AxisRole = { units: 'heads', reads: true };

interface Item extends StoredArray {
  readonly network: string;
  readonly index: number;
  readonly isWeight: boolean;
}

export interface MlpNames {
  /** Groups `network`, `index` and `kind` (w… is a weight or a norm's scale, else a bias or an offset). */
  readonly item: RegExp;
  /** First match says what the network reads and makes. */
  readonly networks: readonly (readonly [RegExp, { readonly reads: AxisRole; readonly makes: AxisRole }])[];
  /** Weights are `[in, out]`; else `[out, in]`. */
  readonly inputFirst: boolean;
}

export function mlpRoles(arrays: readonly StoredArray[], names: MlpNames): Map<string, ArrayRole> {
  const items = new Map<string, Item[]>();
  for (const array of arrays) {
    const { network, index, kind } = names.item.exec(array.name)?.groups ?? {};
    if (network === undefined || kind === undefined) continue;
    const item = {
      ...array,
      network,
      index: Number(index ?? Number.MAX_SAFE_INTEGER),
      isWeight: /^(w|scale)/.test(kind),
    };
    items.set(network, [...(items.get(network) ?? []), item]);
  }
  const roles = new Map<string, ArrayRole>();
  for (const [network, ofNetwork] of items) {
    const ends = names.networks.find(([pattern]) => pattern.test(network))?.[1];
    if (ends === undefined) continue;
    const linears = ofNetwork.filter(({ isWeight, shape }) => isWeight && shape.length === 2).map(({ index }) => index);
    const last = Math.max(...linears);
    const hasNorm = ofNetwork.some(({ index }) => index > last);
    for (const { name, index, isWeight } of ofNetwork) {
      const makes = index >= last ? ends.makes : hidden;
      const reads = index === Math.min(...linears) ? ends.reads : readsHidden;
      const closesLayer = (hasNorm ? index > last : index === last) || undefined;
      const role = linears.includes(index)
        ? isWeight
          ? ({ part: 'weight', axes: names.inputFirst ? [reads, makes] : [makes, reads] } as const)
          : ({ part: 'bias', axes: [makes] } as const)
        : ({ part: isWeight ? 'scale' : 'offset', axes: [makes] } as const);
      roles.set(name, { ...role, ...(closesLayer && { closesLayer }) });
    }
  }
  return roles;
}

/** Roles by pattern: the first that matches. */
export function rolesByPattern(
  arrays: readonly StoredArray[],
  patterns: readonly (readonly [RegExp, ArrayRole])[],
): Map<string, ArrayRole> {
  const found = arrays.flatMap(({ name }) => {
    const role = patterns.find(([pattern]) => pattern.test(name))?.[1];
    return role === undefined ? [] : [[name, role] as const];
  });
  return new Map(found);
}

/** Parameters of the stages that gc-plan trains itself, under the names of `networks.ts` and `mlp.ts` (`models/layers/`). Weights are `[in, out]`. */
export const programCheckpoint: CheckpointLayout = {
  label: 'gc-plan’s own stage',
  anchor: /^mesh2grid\.head\.linear0\.weight$/,
  roles: (arrays) =>
    mlpRoles(arrays, {
      item: /^(?<network>.+)\.(?:linear(?<index>\d+)|norm)\.(?<kind>weight|bias|scale|offset)$/,
      networks: [
        [/\.embed\w+$/, { reads: fixed, makes: stream }],
        [/^mesh2grid\.head$/, { reads: readsStream, makes: fixed }],
        [/^(?:grid2mesh|mesh2grid)\.\w+$|^mesh\.\d+\.(?:edges|nodes)$/, { reads: readsStream, makes: stream }],
      ],
      inputFirst: true,
    }),
  layer: { pattern: /^mesh\.(?<block>\d+)\./, blocks: 1, outside: 0 },
};
