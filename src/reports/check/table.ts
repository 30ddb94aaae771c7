import type { Layout } from '../formats.js';
import { subjectOfAll } from '../subject.js';
import { columns, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import { formatBytes } from '../units.js';
import { type CheckEntry, checkAnswer, checkNotes, findingSentences, signedPercent } from './findings.js';
import type { Check } from './schema.js';
import { checkScreen } from './screen.js';

export const renderCheck = (check: Check, layout: Layout): string =>
  layout.details ? allOf(check, layout) : checkScreen(check, layout);

function allOf(check: Check, layout: Layout): string {
  const style = styleOf(layout);
  const answer = checkAnswer(check);
  const failed = check.entries.filter(({ findings }) => findings.length > 0);
  return page([
    paragraph(
      subjectOfAll(
        check.entries.map(({ config }) => config),
        layout.columns,
      ),
      layout,
    ),
    paragraph(check.passed ? style.green.bold(answer) : style.red.bold(answer), layout),
    columns(style.bold('Configurations'), [header, ...check.entries.map(row)], '<<>>>'),
    ...failed.map((entry) =>
      list(
        style.bold(`${check.planFile}:${entry.line} ${entry.name}`),
        [...findingSentences(entry), entry.command],
        layout,
      ),
    ),
    list(style.bold('Baseline'), checkNotes(check), layout),
    list(style.bold('Assumptions'), check.assumptions, layout),
  ]);
}

const header = ['', 'name', 'live', 'on the card', 'growth'];

function row({ name, findings, memory, growth }: CheckEntry): readonly string[] {
  return [
    findings.length === 0 ? 'ok' : 'FAIL',
    name,
    formatBytes(memory.peakLiveBytes),
    formatBytes(memory.deviceBytes),
    growth === undefined ? 'new' : signedPercent(growth.percent),
  ];
}
