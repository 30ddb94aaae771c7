/** The page of a capture: what one step of the user's own holds, and what could not be seen. */
import type { Layout } from '../formats.js';
import { codeBlock, dataTable, list, renderPage, section, typedCommand } from '../pages/page.js';
import type { Capture } from './schema.js';
import { captureAnswer, measuredRows, nextCommands, traceRows, unseenSentences, versionsText } from './table.js';

export function renderCapturePage(report: Capture, layout: Layout): string {
  const { source, trace, measured, unseen, assumptions, tool } = report;
  const { tone, head, rest } = captureAnswer(report);
  return renderPage({
    question: `What does one step of ${source} hold?`,
    answer: { tone, text: head + rest },
    setting: versionsText(report),
    sections: [
      ...(trace === null
        ? []
        : [section('The trace', dataTable('What was recorded', ['quantity', 'value'], traceRows(trace), '<<'))]),
      ...(measured === undefined
        ? []
        : [
            section(
              'On the card',
              dataTable('What was measured', ['quantity', 'value'], measuredRows(measured.lines), '<<'),
            ),
          ]),
      ...(unseen.length === 0 ? [] : [section('Not seen', list(unseenSentences(unseen)))]),
      ...(trace === null ? [] : [section('Next', ...nextCommands(trace).map(codeBlock))]),
    ],
    assumptions,
    commands: typedCommand(layout, 'gc-plan capture'),
    tool,
    date: layout.date,
  });
}
