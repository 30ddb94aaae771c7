import type { Layout } from '../formats.js';
import { columns, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import {
  compiledHead,
  compiledRows,
  evidenceHead,
  evidenceRows,
  evidenceSources,
  promiseHead,
  promiseRows,
  publishedHead,
  publishedRows,
  runtimeHead,
  runtimeRows,
  validationAnswer,
} from './rows.js';
import type { Validation } from './schema.js';

export function renderValidation(validation: Validation, layout: Layout): string {
  const style = styleOf(layout);
  const answer = validationAnswer(validation);
  return page([
    paragraph(validation.passed ? style.green.bold(answer) : style.red.bold(answer), layout),
    columns(style.bold('Peak of live bytes against ground truth'), [runtimeHead, ...runtimeRows(validation)], '<>>>><'),
    columns(
      style.bold('What reports quote: worst under-prediction of live and of reserved bytes'),
      [evidenceHead, ...evidenceRows(validation)],
      '<<>>>>>',
      layout,
    ),
    columns(
      style.bold('What reports quote of XLA: live bytes'),
      [compiledHead, ...compiledRows(validation)],
      '<<<>>>>',
      layout,
    ),
    columns(style.bold('Promises of README'), [promiseHead, ...promiseRows(validation)], '<>><'),
    columns(style.bold('Published figures'), [publishedHead, ...publishedRows(validation)], '<<<<>', layout),
    list(style.bold('Where the cases are from'), evidenceSources(validation), layout),
    list(
      style.bold('Ground truth'),
      validation.runtimes.map(({ runtime, source }) => `${runtime}: ${source}`),
      layout,
    ),
    ['gc-plan validate --json lists every case'],
  ]);
}
