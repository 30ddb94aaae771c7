/** What a plan's configurations needed when it was last accepted; committed beside the plan. */
import { type Item, LinedDocument } from './document.js';

export interface BaselineEntry {
  readonly peakLiveBytes: number;
  /** They sum to it. */
  readonly byModule: Readonly<Record<string, number>>;
}

export type Baseline = ReadonlyMap<string, BaselineEntry>;

const schema = 'gc-plan/baseline@1';
const next = 'gc-plan check --update-baseline writes it anew';

/** `plans/gc-plan.yaml` → `plans/gc-plan.baseline.json` */
export const baselineFileOf = (planFile: string): string => `${planFile.replace(/\.(json|ya?ml)$/i, '')}.baseline.json`;

export function formatBaseline(baseline: Baseline): string {
  return `${JSON.stringify({ schema, configurations: Object.fromEntries(baseline) }, null, 2)}\n`;
}

/** @throws InputError with file and line where it is no baseline. */
export function parseBaseline(file: string, text: string): Baseline {
  const document = new LinedDocument(file, text);
  const items = document.map(document.root, 1, 'a baseline', next);
  const find = (key: string): Item => {
    const item = items.find((candidate) => candidate.key === key);
    if (item === undefined) throw document.refuse(1, `there is no key ${key}.`, next);
    return item;
  };
  const written = find('schema');
  if (document.scalar(written) !== schema) throw document.refuse(written.line, `schema must be ${schema}.`, next);
  const { value, line } = find('configurations');
  return new Map(document.map(value, line, 'configurations', next).map((item) => [item.key, entryOf(document, item)]));
}

function entryOf(document: LinedDocument, { key, value, line }: Item): BaselineEntry {
  const items = document.map(value, line, key, next);
  const bytesOf = (item: Item): number => {
    const bytes = Number(document.scalar(item));
    if (!Number.isSafeInteger(bytes) || bytes < 0)
      throw document.refuse(item.line, `${item.key} must be a number of bytes.`, next);
    return bytes;
  };
  const live = items.find((item) => item.key === 'peakLiveBytes');
  const modules = items.find((item) => item.key === 'byModule');
  if (live === undefined || modules === undefined)
    throw document.refuse(line, `${key} must have peakLiveBytes and byModule.`, next);
  return {
    peakLiveBytes: bytesOf(live),
    byModule: Object.fromEntries(
      document.map(modules.value, modules.line, 'byModule', next).map((item) => [item.key, bytesOf(item)]),
    ),
  };
}
