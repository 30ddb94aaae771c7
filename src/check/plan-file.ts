/**
 * The plan file of `gc-plan check`: named configurations, each a model (or a captured step) and the options of `gc-plan estimate` by their flags'
 * names, with an optional budget.
 */
import { nearest, orList, shown } from '../config/nearest.js';
import { parseDecimal, parseSize } from '../config/numbers.js';
import { InputError } from '../errors.js';
import { allOptions } from '../options/definitions/shared.js';
import type { Flags } from '../options/typed.js';
import { type Item, LinedDocument } from './document.js';

export interface PlanEntry {
  readonly name: string;
  readonly line: number;
  readonly model: string | undefined;
  /** In place of a model: a step that `gc-plan capture` recorded; from where the plan lies. */
  readonly trace: string | undefined;
  readonly flags: Flags;
  /** On the card, context included; beside what the card itself allows. */
  readonly budgetBytes: number | undefined;
}

export interface Plan {
  readonly file: string;
  readonly baseline: string | undefined;
  readonly maxGrowthPercent: number | undefined;
  readonly entries: readonly PlanEntry[];
}

const example = 'configurations: { production: { model: graphcast-small, gpu: a100-40gb, budget: 36GB } }';
const planKeys = ['configurations', 'defaults', 'max-growth', 'baseline'] as const;
const optionNames = allOptions()
  .filter(({ group }) => group !== 'report')
  .map(({ name }) => name);
const entryKeys = ['model', 'trace', 'budget', ...optionNames];

/** `2%` or `2`. */
export const parsePercent = (text: string, name: string): number =>
  parseDecimal(text.replace(/\s*%\s*$/, ''), name, { minimum: 0, maximum: 1000, example: '2%' });

export function parsePlan(file: string, text: string): Plan {
  const document = new LinedDocument(file, text);
  const items = document.map(document.root, 1, 'a plan', example);
  const find = (key: string) => items.find((item) => item.key === key);
  for (const { key, line } of items)
    if (!(planKeys as readonly string[]).includes(key)) throw unknownKey(document, key, line, planKeys);
  const configurations = find('configurations');
  if (configurations === undefined) throw document.refuse(1, 'there is no key configurations.', example);
  const entries = document.map(configurations.value, configurations.line, 'configurations', example);
  if (entries.length === 0)
    throw document.refuse(configurations.line, 'configurations names no configuration.', example);
  const defaults = find('defaults');
  const shared = defaults === undefined ? [] : document.map(defaults.value, defaults.line, 'defaults', example);
  const text_ = (item: Item | undefined) => (item === undefined ? undefined : String(document.scalar(item)));
  const maxGrowth = find('max-growth');
  return {
    file,
    baseline: text_(find('baseline')),
    maxGrowthPercent:
      maxGrowth && located(document, maxGrowth.line, () => parsePercent(text_(maxGrowth)!, 'max-growth')),
    entries: entries.map((entry) => parseEntry(document, entry, shared)),
  };
}

function parseEntry(document: LinedDocument, { key: name, value, line }: Item, shared: readonly Item[]): PlanEntry {
  const own = document.map(value, line, shown(name), '{ model: graphcast-small, gpu: a100-40gb }');
  const given: Record<string, string | boolean> = {};
  let budgetBytes: number | undefined;
  for (const item of [...shared, ...own]) {
    if (!entryKeys.includes(item.key)) throw unknownKey(document, item.key, item.line, entryKeys);
    const scalar = document.scalar(item);
    given[item.key] = scalar;
    if (item.key === 'budget')
      budgetBytes = located(document, item.line, () => parseSize(String(scalar), 'budget', '36GB'));
  }
  const { model, trace, budget: _, ...flags } = given;
  const text = (value: string | boolean | undefined) => (value === undefined ? undefined : String(value));
  return { name, line, model: text(model), trace: text(trace), flags, budgetBytes };
}

function unknownKey(document: LinedDocument, key: string, line: number, known: readonly string[]): InputError {
  return document.refuse(line, `there is no key ${shown(key)}.`, `did you mean ${orList(nearest(key, known))}?`);
}

/** An error that names the flag gets the file and the line in front. */
export function located<Value>(document: Pick<LinedDocument, 'at'>, line: number, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw locatedError(error, document.at(line));
  }
}

export const locatedError = (error: unknown, where: string): unknown =>
  error instanceof InputError ? new InputError(error.code, `${where}: ${error.message}`, error.nextSteps) : error;
