/**
 * A Hydra entry file: `defaults:` names groups whose files stand beside it, or ship with the code base. Composition as in Hydra 1.3
 * (https://hydra.cc/docs/advanced/defaults_list): first to last, a later item over an earlier one, the file's own keys where `_self_` stands,
 * else last; `override group: option` replaces a choice that another file makes; `group@package: option` and `# @package` say where it lands.
 */

import { shown } from '../../config/nearest.js';
import { besideFile } from '../../config/paths.js';
import { fileExists, readText } from '../../config/strict-json.js';
import { InputError } from '../../errors.js';
import type { Setting, SettingValue } from './settings.js';
import { isTree, merged, parseTree, type Tree } from './tree.js';

/** The keys of a group's option that a code base ships, below the group's own name; undefined: it ships none of that name. */
export type ShippedGroup = (group: string, option: string) => Tree | undefined;

export interface Composition {
  readonly tree: Tree;
  /** Groups and their options, `model` → `graphtransformer`. */
  readonly choices: ReadonlyMap<string, string>;
  /** Named and found nowhere: neither beside the file nor among the shipped. */
  readonly missing: readonly string[];
}

interface Item {
  readonly group: string;
  readonly option: string;
  /** Where it lands, if that is not the group's own path. */
  readonly package?: string;
  readonly optional: boolean;
}

type Entry = Item | 'self' | { readonly override: string; readonly option: string };

/** More than any real configuration nests or names; a loop of files ends here. */
const maximumFiles = 200;

const pathPattern = /^[\w./@-]+$/;

function entriesOf(defaults: Tree | Setting | undefined, file: string): readonly Entry[] {
  if (defaults === undefined) return [];
  const items: unknown[] = isTree(defaults) ? [...defaults.values()] : [];
  // A list of plain names, or of names and mappings.
  if (!isTree(defaults)) items.push(...(Array.isArray(defaults.value) ? defaults.value : [defaults.value]));
  return items.flatMap((item): Entry[] => {
    if (isTree(item as Tree)) return [...(item as Tree)].flatMap(([key, value]) => groupEntries(key, value, file));
    const value = (item as Setting)?.value ?? item;
    if (value === '_self_') return ['self'];
    return typeof value === 'string' ? [{ group: '', option: value, optional: false }] : [];
  });
}

function groupEntries(key: string, value: Tree | Setting, file: string): readonly Entry[] {
  const [, words = '', name = ''] = /^((?:(?:override|optional)\s+)*)(.+)$/.exec(key.trim()) ?? [];
  const [group = '', into] = name.split('@');
  const chosen: SettingValue = isTree(value)
    ? [...value.values()].map((each) => String((each as Setting).value))
    : value.value;
  const options = (Array.isArray(chosen) ? chosen : [chosen]).filter((option) => option !== null).map(String);
  for (const text of [group, ...options])
    if (!pathPattern.test(text) || text.split('/').includes('..'))
      throw new InputError(
        'invalid-import',
        `${shown(file)}: defaults: ${shown(key)}: ${shown(text)} is no name of a group.`,
        ['defaults:\n  - model: graphtransformer'],
      );
  if (words.includes('override')) return options.map((option) => ({ override: group, option }));
  return options.map((option) => ({
    group,
    option: option.replace(/\.ya?ml$/, ''),
    optional: words.includes('optional'),
    ...(into !== undefined && { package: into }),
  }));
}

/** `model.encoder` ← tree */
const placed = (tree: Tree, path: string): Tree =>
  path === '' ? tree : path.split('.').reduceRight<Tree>((inner, key) => new Map([[key, inner]]), tree);

const absolute = (group: string, parent: string): string =>
  group.startsWith('/') ? group.slice(1) : parent === '' ? group : `${parent}/${group}`;

const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('.');

export function compose(file: string, entry: Tree, text: string, shipped: ShippedGroup): Composition {
  const choices = new Map<string, string>();
  const overrides = new Map<string, string>();
  const missing: string[] = [];
  let numFiles = 0;

  /** `group`: of the file; `into`: the package in which its own keys land. */
  function withDefaults(own: Tree, name: string, group: string, into: string, header: string): Tree {
    const said = /^\s*#\s*@package\s+(\S+)/.exec(header)?.[1];
    const home = said === undefined ? into : said === '_global_' ? '' : said === '_group_' ? into : said;
    const { defaults, rest } = withoutDefaults(own);
    const entries = entriesOf(defaults, name);
    for (const each of entries)
      if (typeof each === 'object' && 'override' in each && !overrides.has(absolute(each.override, group)))
        overrides.set(absolute(each.override, group), each.option);
    const order: readonly Entry[] = entries.includes('self') ? entries : [...entries, 'self'];
    // Read from the last to the first, as Hydra does: a later file may override the choice of an earlier group.
    const trees = order.toReversed().map((each): Tree => {
      if (each === 'self') return placed(rest, home);
      return 'override' in each ? new Map() : load(each, group, home);
    });
    return trees.toReversed().reduce(merged, new Map());
  }

  function load({ group: typed, option: written, package: inner, optional }: Item, parent: string, home: string): Tree {
    const group = typed === '' ? parent : absolute(typed, parent);
    const option = typed === '' ? written : (overrides.get(group) ?? written);
    const into =
      inner === '_global_'
        ? ''
        : typed === ''
          ? home
          : joined(home, inner ?? typed.replace(/^\//, '').replaceAll('/', '.'));
    if (typed !== '') choices.set(group, option);
    const path = [group, `${option}.yaml`].filter((part) => part !== '').join('/');
    const found = [path, `config/${path}`].map((each) => besideFile(file, each)).find(fileExists);
    if (found !== undefined) {
      if (++numFiles > maximumFiles)
        throw new InputError(
          'invalid-import',
          `${shown(file)}: defaults: more than ${maximumFiles} files, or a loop of them.`,
          ['Give the composed configuration.'],
        );
      const text = readText(found);
      return withDefaults(parseTree(found, text, found), found, group, into, text);
    }
    const ships = shipped(group, option);
    if (ships !== undefined) return overridden(placed(ships, into), group, into);
    if (!optional) missing.push(path.replace(/\.yaml$/, ''));
    return new Map();
  }

  /** A shipped group comes with the groups that it names itself; a choice among them that is overridden takes their place. */
  function overridden(tree: Tree, group: string, into: string): Tree {
    const inner = [...overrides].filter(([name]) => name.startsWith(`${group}/`));
    return inner.reduce((soFar, [name, option]) => {
      const at = joined(into, name.slice(group.length + 1).replaceAll('/', '.'));
      const item: Item = { group: `/${name}`, option, optional: false, package: at };
      return merged(without(soFar, at.split('.')), load(item, '', ''));
    }, tree);
  }

  return { tree: withDefaults(entry, file, '', '', text), choices, missing };
}

function without(tree: Tree, [key, ...deeper]: readonly string[]): Tree {
  const rest: Tree = new Map(tree);
  const inner = rest.get(key!);
  if (deeper.length > 0 && isTree(inner)) rest.set(key!, without(inner, deeper));
  else rest.delete(key!);
  return rest;
}

function withoutDefaults(tree: Tree): { readonly defaults: Tree | Setting | undefined; readonly rest: Tree } {
  const rest: Tree = new Map(tree);
  const defaults = rest.get('defaults');
  rest.delete('defaults');
  return { defaults, rest };
}
