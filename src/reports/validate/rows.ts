/** The tables of a validation, the same for every format. */
import type { Figures } from '../../accuracy/figures.js';
import { formatCount, formatError } from '../units.js';
import type { Validation } from './schema.js';

export const validationAnswer = ({ passed, promises, cases }: Validation): string =>
  passed
    ? `all ${promises.length} promises hold, ${formatCount(cases.length)} cases`
    : `${promises.filter(({ holds }) => !holds).length} of ${promises.length} promises no longer hold`;

export const runtimeHead = ['runtime', 'cases', 'median error', '95th percentile', 'worst under-prediction', 'quality'];
export const runtimeRows = ({ runtimes }: Validation): readonly (readonly string[])[] =>
  runtimes.map(({ runtime, cases, medianErrorPercent, p95ErrorPercent, worstUnderPercent, quality }) => [
    runtime,
    formatCount(cases),
    formatError(medianErrorPercent),
    formatError(p95ErrorPercent),
    formatError(worstUnderPercent),
    quality,
  ]);

type Evidence = Validation['evidence'][number];
const networkOf = ({ codeBase, layout }: Evidence) => (layout.startsWith(codeBase) ? layout : codeBase);
const modeOf = ({ mode }: Evidence) => (mode === 'train' ? 'training' : mode);
const worstUnder = (figures: Pick<Figures, 'worstUnderPercent'> | undefined): string =>
  figures ? formatError(figures.worstUnderPercent) : '–';

/** Of runtimes whose allocators are replayed. */
export const evidenceHead = ['code base', 'mode', 'cases', 'median', 'live', 'native', 'expandable'];
export const evidenceRows = ({ evidence }: Validation): readonly (readonly string[])[] =>
  evidence
    .filter(({ insideRange }) => insideRange === undefined)
    .map((each) => [
      networkOf(each),
      modeOf(each),
      formatCount(each.cases),
      formatError(each.live.medianErrorPercent),
      worstUnder(each.live),
      worstUnder(each.reserved?.native),
      worstUnder(each.reserved?.expandable),
    ]);

export const evidenceSources = ({ evidence }: Validation): readonly string[] =>
  evidence.map((each) => `${networkOf(each)}, ${formatCount(each.cases)} cases: ${each.source}`);

/** Of a compiler, whose products decide and whose range is what is promised. */
export const compiledHead = [
  'code base',
  'products',
  'mode',
  'cases',
  'median error',
  'worst under',
  'inside the range',
];
export const compiledRows = ({ evidence }: Validation): readonly (readonly string[])[] =>
  evidence.flatMap((each) =>
    each.insideRange === undefined
      ? []
      : [
          [
            networkOf(each),
            each.xlaGemm ?? '–',
            modeOf(each),
            formatCount(each.cases),
            formatError(each.live.medianErrorPercent),
            worstUnder(each.live),
            `${formatCount(each.insideRange)} of ${formatCount(each.cases)}`,
          ],
        ],
  );

const figureNames = {
  medianErrorPercent: 'median error',
  p95ErrorPercent: '95th percentile',
  worstUnderPercent: 'worst under-prediction',
} as const;

export const promiseHead = ['promise', 'at most', 'is', 'holds'];
export const promiseRows = ({ promises }: Validation): readonly (readonly string[])[] =>
  promises.map(({ runtime, figure, limitPercent, actualPercent, holds }) => [
    `${runtime}, ${figureNames[figure]}`,
    `${limitPercent} %`,
    formatError(actualPercent),
    holds ? 'yes' : 'NO',
  ]);

export const publishedHead = ['published', 'quality', 'they say', 'gc-plan says', 'error'];
export const publishedRows = ({ published }: Validation): readonly (readonly string[])[] =>
  published.map(({ id, quality, published: said, predicted, errorPercent, agrees }) => [
    id,
    quality,
    said,
    predicted,
    errorPercent === undefined
      ? agrees === undefined
        ? 'shown only'
        : agrees
          ? 'agrees'
          : 'disagrees'
      : `${errorPercent < 0 ? '−' : '+'}${Math.abs(errorPercent).toFixed(1)} %`,
  ]);

/** The cases with the largest errors, which a reader wants first. */
export const worstCases = ({ cases }: Validation, count: number): Validation['cases'] =>
  [...cases].sort((a, b) => Math.abs(b.errorPercent) - Math.abs(a.errorPercent)).slice(0, count);
