/** The rows of a check that every format shows: what each configuration may take, of what, and what is left. */
import { formatCheckpoint } from '../../config/checkpoint.js';
import type { Column } from '../formats.js';
import { sizeText, subject } from '../subject.js';
import { type ByteUnit, inUnit, leftOver, unitOfAll } from '../units.js';
import { type CheckEntry, signedPercent } from './findings.js';
import type { Check } from './schema.js';

export const unitOfEntries = ({ entries }: Check): ByteUnit =>
  unitOfAll(entries.map(({ memory }) => memory.range.highBytes));

export function entryColumns(check: Check): readonly Column<CheckEntry>[] {
  const unit = unitOfEntries(check);
  const high = ({ memory }: CheckEntry) => memory.range.highBytes;
  const usable = ({ verdict }: CheckEntry) => ('usableBytes' in verdict ? verdict.usableBytes : undefined);
  const text = (bytes: number | undefined) => (bytes === undefined ? '–' : inUnit(bytes, unit));
  const left = (of: (entry: CheckEntry) => number | undefined) => (entry: CheckEntry) => {
    const bytes = of(entry);
    return bytes === undefined ? '–' : leftOver(bytes, high(entry), unit);
  };
  return [
    { title: '', alignment: '<', text: ({ findings }) => (findings.length === 0 ? '✓' : '✗') },
    { title: 'name', alignment: '<', text: ({ name }) => name },
    { title: 'size', alignment: '<', text: ({ config }) => sizeText(config), dispensable: 2.5 },
    ...settingColumns,
    { title: 'at most', alignment: '>', text: (entry) => text(high(entry)) },
    { title: 'usable', alignment: '>', text: (entry) => text(usable(entry)), dispensable: 2.7 },
    { title: 'spare', alignment: '>', text: left(usable) },
    { title: 'budget', alignment: '>', text: ({ budgetBytes }) => text(budgetBytes), dispensable: 1 },
    { title: 'left of it', alignment: '>', text: left(({ budgetBytes }) => budgetBytes), dispensable: 3 },
    { title: 'growth', alignment: '>', text: ({ growth }) => (growth ? signedPercent(growth.percent) : 'new') },
  ];
}

/** In what the configurations of a file may differ beside their size. */
const settingColumns: readonly Column<CheckEntry>[] = (
  [
    ['mode', ({ mode }) => mode],
    ['precision', ({ precision }) => precision],
    ['batch', ({ batchSize }) => String(batchSize)],
    ['checkpoint', ({ checkpoint }) => formatCheckpoint(checkpoint)],
  ] satisfies [string, (recipe: Recipe) => string][]
).map(([title, said]) => ({
  title,
  alignment: '<',
  text: ({ config }) => ('trace' in config ? 'as captured' : said(config.recipe)),
  onlyIfVaried: true,
  dispensable: 2.2,
}));

type Recipe = Extract<CheckEntry['config'], { readonly model: unknown }>['recipe'];

export const subjectOfEntry = ({ config }: CheckEntry): string => subject(config);
