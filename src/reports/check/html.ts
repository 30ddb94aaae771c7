/** The page of a check: every configuration of the plan against its card and its budget, and why those fail that do. */
import type { Layout } from '../formats.js';
import { barChart, verdictBar } from '../pages/bars.js';
import { html } from '../pages/markup.js';
import { codeBlock, columnTable, list, renderPage, section, typedCommand } from '../pages/page.js';
import { subjectOfAll } from '../subject.js';
import { formatBytes } from '../units.js';
import { checkAnswer, checkNotes, findingSentences } from './findings.js';
import { entryColumns, subjectOfEntry, unitOfEntries } from './rows.js';
import type { Check } from './schema.js';

export function renderCheckPage(check: Check, layout: Layout): string {
  const { planFile, entries, passed, assumptions, tool } = check;
  const failed = entries.filter(({ findings }) => findings.length > 0);
  const configs = entries.map(({ config }) => config);
  return renderPage({
    question: `Does every configuration of ${planFile} fit?`,
    answer: { tone: passed ? 'yes' : 'no', text: checkAnswer(check) },
    subject: subjectOfAll(configs, Number.POSITIVE_INFINITY),
    setting: checkNotes(check).join('; '),
    sections: [
      ...(failed.length === 0
        ? []
        : [
            section(
              'What fails',
              ...failed.map(
                (entry) => html`<h3>${`${planFile}:${entry.line} ${entry.name}`}</h3>
${list(findingSentences(entry))}
${codeBlock(entry.command)}`,
              ),
            ),
          ]),
      section(
        'On the cards',
        barChart(
          'Upper end of the range',
          entries.map(({ name, verdict, memory }) => verdictBar(name, verdict, memory.range)),
        ),
        columnTable(`In ${unitOfEntries(check).name}; growth is of live bytes`, entryColumns(check), entries),
      ),
      section(
        'What each is',
        list(
          entries.map(
            (entry) => `${entry.name}: ${subjectOfEntry(entry)}, ${formatBytes(entry.memory.peakLiveBytes)} live`,
          ),
        ),
      ),
    ],
    assumptions,
    commands: typedCommand(layout, `gc-plan check ${planFile}`),
    tool,
    date: layout.date,
  });
}
