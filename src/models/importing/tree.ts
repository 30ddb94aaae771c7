/** YAML, and JSON as the part of it that it is, as nested maps whose leaves know their lines; flattened to dotted keys at the end. */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { shown } from '../../config/nearest.js';
import { InputError } from '../../errors.js';
import type { Setting, SettingValue } from './settings.js';

export type Tree = Map<string, Tree | Setting>;

export const isTree = (node: Tree | Setting | undefined): node is Tree => node instanceof Map;

/** A mebibyte of text has fewer; aliases of aliases have as many as they like. */
const maximumNodes = 200_000;

/** No configuration nests deeper; a parser that calls itself would run out of stack. */
const maximumDepth = 100;

function checkDepth(file: string, text: string): void {
  let depth = 0;
  for (const letter of text) {
    if (letter === '[' || letter === '{') depth++;
    else if (letter === ']' || letter === '}') depth--;
    if (depth > maximumDepth) throw tooDeep(file);
  }
}

const tooDeep = (file: string): InputError =>
  new InputError('nested-too-deep', `${shown(file)}: nested more than ${maximumDepth} levels deep.`, [
    'Give the configuration that the training reads.',
  ]);

/** `origin`: said of every leaf, where the file is not the imported one itself. */
export function parseTree(file: string, text: string, origin?: string): Tree {
  checkDepth(file, text);
  const lines = new LineCounter();
  // Python's tuples and Hydra's ${…} are plain text to YAML.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const [error] = document.errors;
  if (error) {
    const { line } = lines.linePos(error.pos[0]);
    const key = keyAtLine(text, line);
    throw new InputError(
      'invalid-import',
      `${shown(file)}:${line}: ${key ? `${key}: ` : ''}${error.message.split(/ at line|\n/)[0]}.`,
      [`Correct line ${line}.`],
    );
  }
  let numNodes = 0;
  const count = (): void => {
    if (++numNodes > maximumNodes)
      throw new InputError(
        'invalid-import',
        `${shown(file)}: more than ${maximumNodes.toLocaleString('en-US')} values, aliases followed.`,
        ['Give the configuration that the training reads.'],
      );
  };
  const leaf = (node: unknown): Setting => {
    const start = (node as Node | null)?.range?.[0];
    return {
      value: plain(node, document, count, 0),
      ...(start !== undefined && { line: lines.linePos(start).line }),
      ...(origin !== undefined && { origin }),
    };
  };
  const visit = (node: unknown, depth: number): Tree | Setting => {
    count();
    if (depth > maximumDepth) throw tooDeep(file);
    const resolved = isAlias(node) ? node.resolve(document) : node;
    if (isMap(resolved))
      return new Map(
        resolved.items.map(({ key, value }) => [
          isScalar(key) ? String(key.value) : String(key),
          visit(value, depth + 1),
        ]),
      );
    if (isSeq(resolved) && resolved.items.some((item) => isMap(item)))
      return new Map(resolved.items.map((item, index) => [String(index), visit(item, depth + 1)]));
    return leaf(node);
  };
  const tree = visit(document.contents, 0);
  if (!isTree(tree) || tree.size === 0)
    throw new InputError('invalid-import', `${shown(file)}:1: there are no keys in it.`, [
      'gc-plan estimate --import conf/config.yaml',
    ]);
  return tree;
}

const keyAtLine = (text: string, line: number): string | undefined =>
  /^\s*-?\s*["']?([\w.]+)["']?\s*:/.exec(text.split('\n')[line - 1] ?? '')?.[1];

function plain(node: unknown, document: Document, count: () => void, depth: number): SettingValue {
  count();
  // A list that names itself.
  if (depth > maximumDepth) return null;
  const resolved = isAlias(node) ? node.resolve(document) : node;
  if (isScalar(resolved)) {
    const { value } = resolved;
    if (typeof value === 'bigint') return Number(value);
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  }
  return isSeq(resolved) ? resolved.items.map((item) => plain(item, document, count, depth + 1)) : null;
}

/** Mappings merge key by key, everything else is replaced: `over` wins. */
export function merged(under: Tree, over: Tree): Tree {
  const result: Tree = new Map(under);
  for (const [key, value] of over) {
    const before = result.get(key);
    result.set(key, isTree(before) && isTree(value) ? merged(before, value) : value);
  }
  return result;
}

/** `{model: {num_channels}}` → `model.num_channels`; the interpolations `${other.key}` are followed. */
export function flattened(tree: Tree): ReadonlyMap<string, Setting> {
  const settings = new Map<string, Setting>();
  const visit = (node: Tree, path: string): void => {
    for (const [key, value] of node) {
      const name = path === '' ? key : `${path}.${key}`;
      if (isTree(value)) visit(value, name);
      else settings.set(name, value);
    }
  };
  visit(tree, '');
  return followed(settings);
}

/**
 * `${model.num_channels}` and the relative `${.x}`, `${..x}` are that key's value; `${oc.env:NAME,default}` is its default, `oc.decode` what
 * it is around. What leads nowhere stays as it is written. (OmegaConf 2.3, grammar and custom resolvers.)
 */
function followed(settings: ReadonlyMap<string, Setting>): ReadonlyMap<string, Setting> {
  const target = (reference: string, key: string): string => {
    const [, dots = '', rest = ''] = /^(\.*)(.*)$/.exec(reference) ?? [];
    if (dots === '') return rest;
    return [...key.split('.').slice(0, -dots.length), rest].join('.');
  };
  const resolve = (value: SettingValue, key: string, depth: number): SettingValue => {
    if (typeof value !== 'string' || depth === 0) return value;
    const decoded = /^\$\{oc\.decode:(.+)\}$/.exec(value.trim())?.[1];
    if (decoded !== undefined) return resolve(decoded, key, depth - 1);
    const otherwise = /^\$\{oc\.env:[^,{}]+,([^{}]*)\}$/.exec(value.trim())?.[1]?.trim();
    if (otherwise !== undefined)
      return /^\d+$/.test(otherwise) ? Number(otherwise) : otherwise.replace(/^["']|["']$/g, '');
    const reference = /^\$\{(\.*[\w.]+)\}$/.exec(value.trim())?.[1];
    const name = reference === undefined ? undefined : target(reference, key);
    const found = name === undefined ? undefined : settings.get(name);
    return found === undefined ? value : resolve(found.value, name!, depth - 1);
  };
  return new Map([...settings].map(([key, setting]) => [key, { ...setting, value: resolve(setting.value, key, 8) }]));
}
