/** anemoi's entry files: groups that are not beside them are the ones that ship with anemoi-training. Loaded for an entry file alone. */
import { readAsset } from '../../config/assets.js';
import type { Composition } from '../importing/hydra.js';
import type { Setting } from '../importing/settings.js';
import { flattened, isTree, type Tree } from '../importing/tree.js';

/** Written by scripts/anemoi-groups.py: of each group the keys that the importer reads, dotted; `${…}` as written. */
interface ShippedGroups {
  readonly release: string;
  readonly groups: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;
}

const shipped: ShippedGroups = JSON.parse(readAsset('models/anemoi/data/shipped-groups.json'));

/** Older releases called the same groups otherwise (training 0.4 to 0.12). */
const formerNames: Readonly<Record<string, string>> = {
  'training/default': 'training/single',
  'hardware/example': 'system/example',
};

/** Whether a shipped group says so, by the whole name of the key; `${…}` of another key counts as the same. */
export function groupSays(name: string, key: string, value: unknown): boolean {
  const said = shipped.groups[name]?.[key];
  return said === value || (typeof said === 'string' && said.startsWith('${'));
}

/** Below the group's own name: `model.num_channels` of `model/gnn` is `num_channels`. */
export function shippedGroup(group: string, option: string): Tree | undefined {
  const asked = `${group}/${option}`;
  const name = formerNames[asked] ?? asked;
  const values = shipped.groups[name];
  if (values === undefined) return undefined;
  const start = `${name.split('/').slice(0, -1).join('.')}.`;
  const tree: Tree = new Map();
  for (const [key, value] of Object.entries(values)) {
    if (!key.startsWith(start)) continue;
    const path = key.slice(start.length).split('.');
    let at = tree;
    for (const part of path.slice(0, -1)) {
      const inner = at.get(part);
      const next: Tree = isTree(inner) ? inner : new Map();
      at.set(part, next);
      at = next;
    }
    at.set(path.at(-1)!, { value, origin: `the shipped group ${name} (${shipped.release})` });
  }
  return tree;
}

/** The composed keys, and the choices as `defaults.model`: a name says which network it is even where its file is not there. */
export function compositionSettings({ tree, choices, missing }: Composition): ReadonlyMap<string, Setting> {
  const settings = new Map(flattened(tree));
  for (const [group, option] of choices)
    settings.set(`defaults.${group}`, { value: option, origin: 'the defaults list' });
  for (const name of missing) settings.set(`missing.${name}`, { value: true, origin: 'the defaults list' });
  return settings;
}
