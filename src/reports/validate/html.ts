import type { Layout } from '../formats.js';
import { html } from '../pages/markup.js';
import { dataTable, list, renderPage, section, typedCommand } from '../pages/page.js';
import { formatBytes, formatError } from '../units.js';
import {
  promiseHead,
  promiseRows,
  publishedHead,
  publishedRows,
  runtimeHead,
  runtimeRows,
  validationAnswer,
} from './rows.js';
import type { Validation } from './schema.js';

export function renderValidationPage(validation: Validation, layout: Layout): string {
  const { cases, published, runtimes, passed, tool } = validation;
  const allCases = dataTable(
    'Peak of live bytes, predicted and true',
    ['runtime', 'configuration', 'predicted', 'truth', 'error', 'quality'],
    cases.map(({ runtime, name, predictedBytes, truthBytes, errorPercent, quality }) => [
      runtime,
      name,
      formatBytes(predictedBytes),
      formatBytes(truthBytes),
      formatError(errorPercent),
      quality,
    ]),
    '<<>>><',
  );
  return renderPage({
    question: 'How accurate is gc-plan?',
    answer: { tone: passed ? 'yes' : 'no', text: validationAnswer(validation) },
    setting: 'Peak of live bytes against ground truth that gc-plan did not make',
    sections: [
      section('By runtime', dataTable('Errors of all cases', runtimeHead, runtimeRows(validation), '<>>>><')),
      section('Promises', dataTable('What README promises', promiseHead, promiseRows(validation), '<>><')),
      section(
        'Published figures',
        dataTable('Shown and compared, never tuned to', publishedHead, publishedRows(validation), '<<<<>'),
        list(published.map(({ id, explanation, source }) => `${id}: ${explanation} (${source})`)),
      ),
      section('Every case', html`<details><summary>${cases.length} cases</summary>${allCases}</details>`),
    ],
    assumptions: runtimes.map(({ runtime, source }) => `${runtime}: ${source}`),
    commands: typedCommand(layout, 'gc-plan validate'),
    tool,
    date: layout.date,
  });
}
