/** An annotation per failed configuration at its line of the plan file, then a step summary. */

import { shownColumns } from '../formats.js';
import { annotation, code, inlineText, markdownTable } from '../markdown.js';
import { checkAnswer, checkNotes, findingSentences } from './findings.js';
import { entryColumns, subjectOfEntry, unitOfEntries } from './rows.js';
import type { Check } from './schema.js';

export function renderCheck(check: Check): string {
  // Mark and name are written in GitHub's own way, and the size is part of what each is.
  const columns = shownColumns(entryColumns(check), check.entries)
    .filter(({ title }) => !['', 'name', 'size'].includes(title))
    .map((column) =>
      column.title === 'at most' ? { ...column, title: `at most, ${unitOfEntries(check).name}` } : column,
    );
  const failed = check.entries.filter(({ findings }) => findings.length > 0);
  return [
    ...failed.map((entry) =>
      annotation(`${entry.name}: ${findingSentences(entry).join('; ')}`, {
        file: check.planFile,
        line: entry.line,
        title: 'gc-plan check',
      }),
    ),
    `### ${check.passed ? '✅' : '❌'} ${inlineText(checkAnswer(check))}`,
    '',
    markdownTable(
      ['', 'configuration', 'what', ...columns.map(({ title }) => title), 'why'],
      check.entries.map((entry) => [
        entry.findings.length === 0 ? '✅' : '❌',
        code(entry.name),
        inlineText(subjectOfEntry(entry)),
        ...columns.map(({ text }) => text(entry)),
        inlineText(findingSentences(entry).join('; ')),
      ]),
      `<<<${columns.map(({ alignment }) => alignment).join('')}<`,
    ),
    '',
    ...checkNotes(check).map((note) => `- ${inlineText(note)}`),
    ...failed.map(({ name, command }) => `- ${code(name)}: ${code(command)}`),
    ...(check.assumptions.length === 0
      ? []
      : [
          '',
          '<details><summary>Assumptions</summary>',
          '',
          ...check.assumptions.map((text) => `- ${inlineText(text)}`),
          '',
          '</details>',
        ]),
  ].join('\n');
}
