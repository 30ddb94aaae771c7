/** Keys into a file: into the one that was imported, value by value, so that every other character stays, or into a new one. */
import { Document, isNode, isScalar, parseDocument } from 'yaml';
import type { Exported, Value } from './types.js';

interface Edited {
  readonly text: string;
  /** Those that the file does not hold yet. */
  readonly absent: ReadonlyMap<string, Value>;
}

/** YAML, or JSON as the part of it that it is. */
function editValues(original: string, keys: Exported['keys']): Edited {
  const document = parseDocument(original);
  const edits: { readonly from: number; readonly to: number; readonly text: string }[] = [];
  const absent = new Map<string, Value>();
  for (const [key, value] of keys) {
    const node = document.getIn(pathIn(document, key), true);
    if (!isNode(node) || !node.range) absent.set(key, value);
    else if (!says(isScalar(node) ? node.value : node.toJS(document), value))
      edits.push({ from: node.range[0], to: node.range[1], text: inFlow(value) });
  }
  const text = edits
    .sort((a, b) => b.from - a.from)
    .reduce((soFar, { from, to, text: value }) => soFar.slice(0, from) + value + soFar.slice(to), original);
  return { text, absent };
}

/** Hydra's `${…}` says what another key says. */
const says = (before: unknown, after: Value): boolean =>
  (typeof before === 'string' && before.startsWith('${')) ||
  JSON.stringify(before) === JSON.stringify(after) ||
  String(before) === String(after);

const inFlow = (value: Value): string =>
  Array.isArray(value) ? `[${value.join(', ')}]` : typeof value === 'string' ? value : JSON.stringify(value);

/** A file that holds the model's part alone has no `model.` before its keys. */
function pathIn(document: ReturnType<typeof parseDocument>, key: string): readonly string[] {
  const path = key.split('.');
  const inner = path.slice(1);
  return inner.length > 0 && !document.hasIn(path.slice(0, 1)) && document.hasIn(inner) ? inner : path;
}

/** Whether the file itself says something under that key. */
export function keyReader(original: string): (key: string) => boolean {
  const document = parseDocument(original);
  return (key) => document.hasIn(pathIn(document, key));
}

const style = { lineWidth: 0, flowCollectionPadding: false } as const;

export function writeYaml({ keys, missing }: Exported, original?: string): string {
  if (original !== undefined) {
    const { text, absent } = editValues(original, keys);
    return absent.size === 0 ? text : withKeys(parseDocument(text), absent).toString(style);
  }
  const document = withKeys(new Document({}), keys);
  if (missing.length > 0) document.commentBefore = missing.map((text) => ` no key for ${text}`).join('\n');
  return document.toString(style);
}

function withKeys<Doc extends Pick<Document, 'setIn' | 'createNode' | 'toString'>>(
  document: Doc,
  keys: Exported['keys'],
): Doc {
  for (const [key, value] of keys) document.setIn(key.split('.'), document.createNode(value, { flow: true }));
  return document;
}

export function writeJson({ keys }: Exported, original = '{}'): string {
  const { text, absent } = editValues(original, keys);
  if (absent.size === 0) return text;
  const root = JSON.parse(text) as Record<string, unknown>;
  for (const [key, value] of absent) {
    const [section = '', name = ''] = key.split('.');
    root[section] = { ...(root[section] as object | undefined), [name]: value };
  }
  return `${JSON.stringify(root, null, 2)}\n`;
}

/** `--hidden_dim 64`: each argument in its place, new ones at the end. */
export function writeArguments({ keys }: Exported, original = 'python -m neural_lam.train_model'): string {
  let text = original.replace(/\s+$/, '');
  for (const [key, value] of keys) {
    const pattern = new RegExp(`(--${key.replaceAll('_', '[-_]')})([=\\s]+)(?!--)(\\S+)`);
    text = pattern.test(text) ? text.replace(pattern, `$1$2${value}`) : `${text} --${key} ${value}`;
  }
  return `${text}\n`;
}
