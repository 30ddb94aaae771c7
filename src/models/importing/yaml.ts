/** YAML, and JSON as the part of it that it is, flattened to dotted keys. Hydra's `${other.key}` is followed. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { shown } from '../../config/nearest.js';
import { InputError } from '../../errors.js';
import { type Setting, Settings, type SettingValue } from './settings.js';

export function yamlSettings(file: string, text: string): Settings {
  const lines = new LineCounter();
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
  const settings = new Map<string, Setting>();
  const visit = (node: unknown, path: string): void => {
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? String(key.value) : String(key);
        visit(value, path === '' ? name : `${path}.${name}`);
      }
    } else if (isSeq(node) && node.items.some((item) => isMap(item))) {
      for (const [index, item] of node.items.entries()) visit(item, `${path}.${index}`);
    } else if (path !== '') {
      const start = (node as Node | null)?.range?.[0];
      settings.set(path, {
        value: plain(isAlias(node) ? node.resolve(document) : node),
        ...(start !== undefined && { line: lines.linePos(start).line }),
      });
    }
  };
  visit(document.contents, '');
  if (settings.size === 0)
    throw new InputError('invalid-import', `${shown(file)}:1: there are no keys in it.`, [
      'gc-plan estimate --import conf/config.yaml',
    ]);
  return new Settings(file, followed(settings));
}

const keyAtLine = (text: string, line: number): string | undefined =>
  /^\s*-?\s*["']?([\w.]+)["']?\s*:/.exec(text.split('\n')[line - 1] ?? '')?.[1];

function plain(node: unknown): SettingValue {
  if (isScalar(node)) {
    const { value } = node;
    if (typeof value === 'bigint') return Number(value);
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  }
  return isSeq(node) ? node.items.map(plain) : null;
}

/** `${model.num_channels}` is that key's value; what leads nowhere stays as it is written. */
function followed(settings: ReadonlyMap<string, Setting>): ReadonlyMap<string, Setting> {
  const resolve = (value: SettingValue, depth: number): SettingValue => {
    const key = typeof value === 'string' ? /^\$\{([\w.]+)\}$/.exec(value)?.[1] : undefined;
    const target = key === undefined ? undefined : settings.get(key);
    return target === undefined || depth === 0 ? value : resolve(target.value, depth - 1);
  };
  return new Map([...settings].map(([key, setting]) => [key, { ...setting, value: resolve(setting.value, 8) }]));
}
